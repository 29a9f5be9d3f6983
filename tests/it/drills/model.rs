//! The model: two workers, one of which may be a zombie; a provider that can be
//! searched but knows no key, and executes late; the reconciler; a person. Every
//! interleaving within the bounds is tried. The guards are named as in the code,
//! and each can be taken out.

use stateright::{Model, Property};

/// What keeps the promise, as the code has it.
#[derive(Clone, Copy, Debug)]
pub struct Guards {
    /// `at_most_one_live_post_per_shipment`, and the condition of the actions above it.
    pub one_live_post: bool,
    /// `posts::intend`: what is sent already is not sent again.
    pub intent: bool,
    /// `post::outrun`: whoever was outrun keeps the job.
    pub outrun: bool,
    /// `jobs::settle`: only the claim's own epoch ends a job.
    pub lease_epoch: bool,
    /// `reconcile::ask_gate`: the earlier order is read before a re-post.
    pub read_before_repost: bool,
    /// `reconcile::next_read`: absent only after the provider's own time.
    pub reads_before_absent: bool,
    /// Re-posted and absent references are read again later.
    pub sweep: bool,
}

/// Every guard is there.
pub const ALL: Guards = Guards {
    one_live_post: true,
    intent: true,
    outrun: true,
    lease_epoch: true,
    read_before_repost: true,
    reads_before_absent: true,
    sweep: true,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum PostState {
    Queued,
    Sent,
    Unknown,
    Accepted,
    Absent,
    NeedsPerson,
    Canceled,
    Superseded,
}

impl PostState {
    fn is_live(self) -> bool {
        !matches!(self, PostState::Absent | PostState::Canceled | PostState::Superseded)
    }
}

/// A post and its job.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Post {
    state: PostState,
    /// The epoch its intent was committed under.
    lease_epoch: u8,
    gate: bool,
    anyway: bool,
    job: Job,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Job {
    Ready { epoch: u8 },
    Claimed { epoch: u8 },
    Gone,
}

/// How far a worker is with the post it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    /// Claimed, nothing read.
    Claimed,
    /// The post was read, and may be sent.
    Ready,
    /// The gate was passed, or there is none.
    Passed,
    /// The intent is committed.
    Intended,
    /// The request is out.
    Waiting,
    /// The job is to be ended.
    Settling,
    /// The job is to be left for later.
    Outrun,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Worker {
    Idle,
    Has { post: u8, epoch: u8, step: Step },
}

/// A request that left us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Request {
    /// Under way, or with the provider, and not executed.
    Out,
    /// An order was made of it.
    Done,
    /// It will never be.
    Lost,
}

/// A state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    posts: Vec<Post>,
    workers: [Worker; 2],
    /// By post, in the order they were sent.
    requests: Vec<(u8, Request)>,
    /// Orders there that nobody canceled.
    live: u8,
    /// Somebody was told that there may be one already, and chose to send.
    told: bool,
    /// The problem *two orders at the provider* is open.
    two_orders: bool,
    /// A worker ended a job that another had in its hands.
    stolen: bool,
    /// Reads of an unknown post so far.
    checks: u8,
    /// The later reads of every reference are due.
    sweeps: u8,
    /// What may still go wrong, and be clicked.
    deaths: u8,
    stalls: u8,
    clicks: u8,
}

/// A step of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    Click,
    Repost { anyway: bool },
    Decide,
    Leave,
    Claim(u8, u8),
    LeaseRunsOut(u8),
    Read(u8),
    AskGate(u8),
    Intend(u8),
    Send(u8),
    Answered(u8),
    TimedOut(u8),
    Settle(u8),
    Die(u8),
    Execute(u8),
    Lose(u8),
    Check(u8),
    Sweep,
}

/// The model.
pub struct Posting {
    pub guards: Guards,
    /// The provider can be searched by our reference; else a person decides.
    pub searchable: bool,
    /// A request may leave us, or be executed, even after every read found nothing.
    pub ever_late: bool,
}

impl Posting {
    /// Whether nothing of a post is under way any more: no request, and no worker
    /// that sleeps between its intent and the first byte. Whoever sleeps there for
    /// longer than all reads take is as late as a provider that does.
    fn done_there(world: &World, post: u8) -> bool {
        !world.requests.contains(&(post, Request::Out))
            && !world
                .workers
                .iter()
                .any(|w| matches!(w, Worker::Has { post: p, step: Step::Intended, .. } if *p == post))
    }

    fn newest(world: &World) -> Option<PostState> {
        world.posts.last().map(|post| post.state)
    }

    fn may_start(&self, world: &World) -> bool {
        world.clicks > 0
            && world.posts.len() < 3
            && (!self.guards.one_live_post || !world.posts.iter().any(|post| post.state.is_live()))
    }

    fn start(world: &mut World, gate: bool, anyway: bool) {
        let job = Job::Ready { epoch: 0 };
        world.posts.push(Post { state: PostState::Queued, lease_epoch: 0, gate, anyway, job });
        world.clicks -= 1;
        world.checks = 0;
    }

    /// Nothing is under way, and nobody will do anything any more.
    fn quiet(world: &World) -> bool {
        world.clicks == 0
            && world.workers == [Worker::Idle; 2]
            && world.posts.iter().all(|post| post.job == Job::Gone)
            && world.requests.iter().all(|(_, request)| *request != Request::Out)
            && !world.posts.iter().any(|post| post.state == PostState::Unknown)
    }

    /// The shipment's page says what is so.
    fn visible(&self, world: &World) -> bool {
        let told_of_two = world.live < 2 || world.told || world.two_orders;
        let ended = match Posting::newest(world) {
            None => true,
            Some(PostState::Queued | PostState::Sent | PostState::Unknown) => false,
            Some(PostState::Accepted) => world.live > 0,
            Some(_) => true,
        };
        ended && told_of_two
    }
}

impl Model for Posting {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            posts: Vec::new(),
            workers: [Worker::Idle; 2],
            requests: Vec::new(),
            live: 0,
            told: false,
            two_orders: false,
            stolen: false,
            checks: 0,
            sweeps: 0,
            deaths: 1,
            stalls: 1,
            clicks: 2,
        }]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        let newest = Posting::newest(world);
        if world.clicks > 0 {
            acts.push(Act::Leave);
        }
        if self.may_start(world) && matches!(newest, None | Some(PostState::Absent))
            || !self.guards.one_live_post && self.may_start(world)
        {
            acts.push(Act::Click);
        }
        if world.clicks > 0 && world.posts.len() < 3 && newest == Some(PostState::Accepted) {
            acts.push(Act::Repost { anyway: false });
            acts.push(Act::Repost { anyway: true });
        }
        if world.clicks > 0 && world.posts.len() < 3 && newest == Some(PostState::NeedsPerson) {
            acts.push(Act::Decide);
        }
        for (n, post) in (0..).zip(&world.posts) {
            match post.job {
                Job::Ready { .. } => {
                    for (w, worker) in (0..).zip(world.workers) {
                        if worker == Worker::Idle {
                            acts.push(Act::Claim(w, n));
                            break;
                        }
                    }
                }
                Job::Claimed { epoch } => {
                    let held = world.workers.iter().any(
                        |w| matches!(w, Worker::Has { post, epoch: e, .. } if *post == n && *e == epoch),
                    );
                    // a worker that lives keeps its lease, unless it stalls
                    if !held || world.stalls > 0 {
                        acts.push(Act::LeaseRunsOut(n));
                    }
                }
                Job::Gone => {}
            }
            if post.state == PostState::Unknown {
                acts.push(Act::Check(n));
            }
        }
        for (w, worker) in (0..).zip(world.workers) {
            let Worker::Has { post, step, .. } = worker else { continue };
            if world.deaths > 0 {
                acts.push(Act::Die(w));
            }
            match step {
                Step::Claimed => acts.push(Act::Read(w)),
                Step::Ready => acts.push(Act::AskGate(w)),
                Step::Passed => acts.push(Act::Intend(w)),
                Step::Intended => acts.push(Act::Send(w)),
                Step::Waiting => {
                    acts.push(Act::TimedOut(w));
                    if world.requests.contains(&(post, Request::Done)) {
                        acts.push(Act::Answered(w));
                    }
                }
                Step::Settling | Step::Outrun => acts.push(Act::Settle(w)),
            }
        }
        for (n, (_, request)) in (0..).zip(&world.requests) {
            if *request == Request::Out {
                acts.push(Act::Execute(n));
                acts.push(Act::Lose(n));
            }
        }
        if self.guards.sweep && Posting::quiet(world) && world.sweeps == 0 && !world.posts.is_empty() {
            acts.push(Act::Sweep);
        }
    }

    fn next_state(&self, last: &World, act: Act) -> Option<World> {
        let mut world = last.clone();
        match act {
            Act::Leave => world.clicks = 0,
            Act::Click => Posting::start(&mut world, false, false),
            Act::Repost { anyway } => {
                world.posts.last_mut()?.state = PostState::Superseded;
                Posting::start(&mut world, true, anyway);
            }
            // looked there, saw nothing, and was told what that may mean
            Act::Decide => {
                world.told = true;
                world.posts.last_mut()?.state = PostState::Superseded;
                Posting::start(&mut world, false, true);
            }
            Act::Claim(w, n) => {
                let post = world.posts.get_mut(usize::from(n))?;
                let Job::Ready { epoch } = post.job else { return None };
                post.job = Job::Claimed { epoch: epoch + 1 };
                world.workers[usize::from(w)] =
                    Worker::Has { post: n, epoch: epoch + 1, step: Step::Claimed };
            }
            Act::LeaseRunsOut(n) => {
                let Job::Claimed { epoch } = world.posts[usize::from(n)].job else { return None };
                let held = world
                    .workers
                    .iter()
                    .any(|w| matches!(w, Worker::Has { post, epoch: e, .. } if *post == n && *e == epoch));
                if held {
                    world.stalls -= 1;
                }
                world.posts[usize::from(n)].job = Job::Ready { epoch };
            }
            Act::Execute(n) => {
                world.requests[usize::from(n)].1 = Request::Done;
                world.live += 1;
            }
            Act::Lose(n) => world.requests[usize::from(n)].1 = Request::Lost,
            Act::Check(n) => return self.check(world, n),
            Act::Sweep => {
                world.sweeps += 1;
                world.two_orders = world.live > 1;
            }
            Act::Die(w) => {
                world.deaths -= 1;
                world.workers[usize::from(w)] = Worker::Idle;
            }
            Act::Read(w)
            | Act::AskGate(w)
            | Act::Intend(w)
            | Act::Send(w)
            | Act::Answered(w)
            | Act::TimedOut(w)
            | Act::Settle(w) => return self.work(world, usize::from(w), act),
        }
        (world != *last).then_some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("never two live orders", |model, world: &World| {
                model.ever_late || world.live < 2 || world.told
            }),
            Property::always("a job is ended by whoever holds it", |_, world: &World| !world.stolen),
            Property::always("what is at rest is visible", |model, world| {
                !Posting::quiet(world) || model.guards.sweep && world.sweeps == 0 || model.visible(world)
            }),
            Property::always("nothing rests in the middle", |model, world| {
                let mut acts = Vec::new();
                model.actions(world, &mut acts);
                !acts.is_empty() || Posting::quiet(world) && model.visible(world)
            }),
            Property::eventually("always eventually visible", |model, world| {
                Posting::quiet(world) && model.visible(world)
            }),
            Property::sometimes("a post is accepted", |_, world| {
                Posting::newest(world) == Some(PostState::Accepted) && world.live == 1
            }),
            Property::sometimes("a zombie comes back", |_, world: &World| {
                let has = |w: &Worker| match w {
                    Worker::Has { post, .. } => Some(*post),
                    Worker::Idle => None,
                };
                let both = world.workers.iter().filter_map(has).collect::<Vec<_>>();
                both.len() == 2 && both[0] == both[1]
            }),
        ]
    }
}

impl Posting {
    /// A read of the provider about an unknown post.
    fn check(&self, mut world: World, n: u8) -> Option<World> {
        let post = usize::from(n);
        if !self.searchable {
            world.posts[post].state = PostState::NeedsPerson;
            return Some(world);
        }
        if world.requests.contains(&(n, Request::Done)) {
            world.posts[post].state = PostState::Accepted;
            return Some(world);
        }
        // the reads together outlast the provider's own processing time
        let outlasted = Posting::done_there(&world, n) || self.ever_late;
        world.checks += 1;
        if !self.guards.reads_before_absent || world.checks >= 3 && outlasted {
            world.posts[post].state = PostState::Absent;
        } else if world.checks > 3 {
            return None;
        }
        Some(world)
    }

    /// A step of the worker that has a post.
    fn work(&self, mut world: World, w: usize, act: Act) -> Option<World> {
        let Worker::Has { post: n, epoch, step } = world.workers[w] else { return None };
        let outrun = if self.guards.outrun { Step::Outrun } else { Step::Settling };
        let post = &mut world.posts[usize::from(n)];
        let go = |step| Worker::Has { post: n, epoch, step };
        let sendable = post.state == PostState::Queued || !self.guards.intent;
        world.workers[w] = match act {
            Act::Read(_) => match post.state {
                PostState::Queued => go(Step::Ready),
                // an earlier try sent it and did not live to tell
                PostState::Sent => {
                    post.state = PostState::Unknown;
                    world.checks = 0;
                    go(Step::Settling)
                }
                _ => go(Step::Settling),
            },
            Act::AskGate(_) if !post.gate || !self.guards.read_before_repost => go(Step::Passed),
            Act::AskGate(_) if self.searchable && world.live == 0 => go(Step::Passed),
            // it is there, or nobody can tell
            Act::AskGate(_) if post.anyway => {
                world.told = true;
                go(Step::Passed)
            }
            Act::AskGate(_) if post.state == PostState::Queued => {
                post.state = PostState::Canceled;
                let before = usize::from(n).checked_sub(1)?;
                if world.posts[before].state == PostState::Superseded {
                    world.posts[before].state = PostState::Accepted;
                }
                go(Step::Settling)
            }
            Act::AskGate(_) => go(outrun),
            Act::Intend(_) if sendable => {
                post.state = PostState::Sent;
                post.lease_epoch = epoch;
                go(Step::Intended)
            }
            Act::Intend(_) => go(outrun),
            Act::Send(_) => {
                world.requests.push((n, Request::Out));
                go(Step::Waiting)
            }
            Act::Answered(_) | Act::TimedOut(_) => {
                // somebody else settled it meanwhile: our answer is evidence, not truth
                if post.state == PostState::Sent && post.lease_epoch == epoch {
                    let answered = matches!(act, Act::Answered(_));
                    post.state = if answered { PostState::Accepted } else { PostState::Unknown };
                    world.checks = 0;
                }
                go(Step::Settling)
            }
            Act::Settle(_) => {
                if let Job::Claimed { epoch: current } = post.job
                    && (current == epoch || !self.guards.lease_epoch)
                {
                    world.stolen |= current != epoch;
                    let again = step == Step::Outrun;
                    post.job = if again { Job::Ready { epoch: current } } else { Job::Gone };
                }
                Worker::Idle
            }
            _ => return None,
        };
        Some(world)
    }
}
