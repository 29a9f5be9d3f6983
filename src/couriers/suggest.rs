//! Which courier was probably meant, for the form that maps it.
//!
//! Providers send couriers as they please: `dpd_be`, `Royal-Mail 48`,
//! `hermes uk`. Names are cut into words, words are weighed (a brand says more
//! than *Post*, *Post* more than *Tracked 48*), compared with a tolerance for
//! slips of the finger, and a country in the name speaks for couriers that
//! work there and against those that do not. Same question, same answer.

use std::sync::LazyLock;

use super::catalogue::{self, Courier, OTHER, squash};

/// The most suggestions given.
pub const MOST: usize = 5;

const WORTH_SHOWING: f64 = 0.45;
const CONFIDENT: f64 = 0.80;
const CLEAR_LEAD: f64 = 0.08;

/// One courier that may have been meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// The courier.
    pub courier: &'static Courier,
    /// The name the channel accepts for it.
    pub name: &'static str,
    /// From 0 to 1: how alike the names are.
    pub score: f64,
    /// Whether it can be filled in unasked: alike, and clearly more alike than
    /// the next. Only the first suggestion can be.
    pub confident: bool,
}

/// Up to [`MOST`] couriers, best first, for a courier as it was sent.
///
/// Only couriers that the channel has a name for, each name once. A kind of
/// channel without a list of its own gets our names, and no confidence.
pub fn suggest(sent: &str, channel_kind: &str) -> Vec<Suggestion> {
    let phrase = Phrase::of(sent);
    if phrase.squashed.is_empty() {
        return Vec::new();
    }
    let has_list = catalogue::all().iter().any(|courier| courier.name_for(channel_kind).is_some());
    let mut found: Vec<Suggestion> = KNOWN
        .iter()
        .filter(|known| known.courier.slug != OTHER)
        .filter_map(|known| {
            let accepted = known.courier.name_for(channel_kind);
            let name = if has_list { accepted? } else { &known.courier.name };
            // What the channel itself accepts needs no more likeness.
            let as_accepted =
                accepted.is_some_and(|accepted| squash(accepted).chars().eq(phrase.squashed.iter().copied()));
            let score = known.likeness(&phrase) + if as_accepted { 0.15 } else { 0.0 };
            Some(Suggestion { courier: known.courier, name, score, confident: false })
        })
        .filter(|suggestion| suggestion.score >= WORTH_SHOWING)
        .collect();
    // A stable sort: equals stay in the catalogue's order.
    found.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut names = Vec::new();
    found.retain(|suggestion| {
        let fresh = !names.contains(&suggestion.name);
        names.push(suggestion.name);
        fresh
    });
    let lead = found.first().map_or(0.0, |first| first.score - found.get(1).map_or(0.0, |next| next.score));
    if let Some(first) = found.first_mut() {
        first.confident = has_list && first.score >= CONFIDENT && lead >= CLEAR_LEAD;
    }
    found.truncate(MOST);
    for suggestion in &mut found {
        suggestion.score = (suggestion.score.clamp(0.0, 1.0) * 100.0).round() / 100.0;
    }
    found
}

/// A courier and everything it is called.
struct Known {
    courier: &'static Courier,
    phrases: Vec<Phrase>,
}

static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| catalogue::all().iter().map(Known::of).collect());

impl Known {
    fn of(courier: &'static Courier) -> Self {
        let mut names = vec![courier.slug.as_str()];
        names.extend(own_names(&courier.name));
        // Magento's codes are too few to tell couriers apart, and a name that
        // is another courier's own (`fedex` for SmartPost) means that one.
        let lent = courier.names.iter().filter(|(kind, name)| {
            let own = catalogue::by_any_name(name);
            **kind != "magento" && own.is_none_or(|own| own.slug == courier.slug)
        });
        names.extend(lent.map(|(_, name)| name.as_str()));
        let mut phrases: Vec<Phrase> = Vec::new();
        for phrase in names.into_iter().map(Phrase::of) {
            if !phrases.iter().any(|known| known.spellings == phrase.spellings) {
                phrases.push(phrase);
            }
        }
        Self { courier, phrases }
    }

    fn likeness(&self, phrase: &Phrase) -> f64 {
        let best = self.phrases.iter().map(|own| own.likeness(phrase)).fold(0.0, f64::max);
        best + self.country_bonus(phrase)
    }

    fn country_bonus(&self, phrase: &Phrase) -> f64 {
        let works_in = |code: &str| self.courier.countries.iter().any(|own| own.eq_ignore_ascii_case(code));
        match phrase.country {
            Some(country) if works_in(country) => 0.10,
            Some(country) if works_in("EU") && EUROPE.contains(&country) => 0.10,
            Some(_) if works_in("*") => 0.0,
            Some(_) => -0.25,
            None if works_in("*") || works_in("EU") => 0.02,
            None => 0.0,
        }
    }
}

/// `Evri (formerly Hermes UK)` is Evri and Hermes UK, `Bring / Posten Norge`
/// is both; what a courier has become is another courier.
fn own_names(name: &str) -> Vec<&str> {
    let (outside, inside) = name.split_once('(').unwrap_or((name, ""));
    let inside = inside.trim_end_matches(')');
    let inside = if inside.starts_with("now ") || inside.starts_with("merged ") { "" } else { inside };
    let inside = inside.strip_prefix("formerly ").unwrap_or(inside);
    outside.split(" / ").chain([inside]).map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// A name cut into words.
struct Phrase {
    squashed: Vec<char>,
    /// As spaced, and as cut at capitals and digits (`UPSMailInnovations`).
    spellings: Vec<Vec<Word>>,
    country: Option<&'static str>,
}

impl Phrase {
    fn of(text: &str) -> Self {
        let folded: String = text.chars().take(100).flat_map(fold).collect();
        let spaced = words(&folded);
        let cut = words(&at_capitals(&folded));
        let country = spaced.iter().chain(&cut).find_map(|word| word.country);
        let mut spellings = vec![spaced];
        if spellings.first() != Some(&cut) {
            spellings.push(cut);
        }
        Self { squashed: squash(&folded).chars().collect(), spellings, country }
    }

    /// How alike one of our names is to what was sent.
    fn likeness(&self, sent: &Self) -> f64 {
        let mut best =
            if self.squashed == sent.squashed { 1.0 } else { close(&self.squashed, &sent.squashed) * 0.95 };
        for own in &self.spellings {
            for others in &sent.spellings {
                best = f64::max(best, overlap(own, others));
            }
        }
        best
    }
}

/// One word of a name, and how much it says about which courier is meant.
#[derive(Clone, Debug, PartialEq)]
struct Word {
    letters: Vec<char>,
    country: Option<&'static str>,
    /// In a name that was sent.
    weight: f64,
    /// In a name of ours: a courier that is called by a service
    /// (`FedEx Ground Economy`) is less likely meant when that is not said.
    own_weight: f64,
}

impl Word {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let country = country(&text);
        let weight = weight(&text);
        let letters = country.unwrap_or(&text).chars().collect();
        Self { letters, country, weight, own_weight: weight.max(0.3) }
    }
}

fn words(text: &str) -> Vec<Word> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(Word::of).collect()
}

/// A space where a new word starts without one.
fn at_capitals(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut cut = String::new();
    for (place, &letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| letters.get(place)).copied().unwrap_or(' ');
        let after = letters.get(place + 1).copied().unwrap_or(' ');
        let starts = (before.is_lowercase() && letter.is_uppercase())
            || (before.is_uppercase() && letter.is_uppercase() && after.is_lowercase())
            || (before.is_alphabetic() && letter.is_ascii_digit());
        if starts {
            cut.push(' ');
        }
        cut.push(letter);
    }
    cut
}

/// How much of the weight of two names is in words they share.
fn overlap(own: &[Word], sent: &[Word]) -> f64 {
    let all: f64 = own.iter().map(|word| word.own_weight).chain(sent.iter().map(|word| word.weight)).sum();
    let mut left: Vec<&Word> = sent.iter().collect();
    let mut shared = 0.0;
    for word in own {
        let likeness = |other: &Word| {
            if word.letters == other.letters { 1.0 } else { close(&word.letters, &other.letters) }
        };
        let best = left
            .iter()
            .enumerate()
            .map(|(place, other)| (place, likeness(other)))
            .max_by(|(_, one), (_, other)| one.total_cmp(other));
        if let Some((place, likeness)) = best.filter(|(_, likeness)| *likeness > 0.0) {
            shared += likeness * (word.own_weight + left.swap_remove(place).weight);
        }
    }
    if all > 0.0 { shared / all } else { 0.0 }
}

fn weight(word: &str) -> f64 {
    const SERVICES: &str = "tracked untracked signed standard economy priority premium saver next nextday day same \
        sameday first second class 1st 2nd home delivery deliveries service services shipping ship international \
        intl worldwide domestic collect point ground air freight large small letter packet special guaranteed \
        overnight express24 tracked24 tracked48 expedited brief eparcel regular by for via the and of ltd limited \
        inc llc gmbh group co plc bv";
    const COMMON: &str = "post parcel parcels mail express expres logistics logistic courier couriers ecommerce global \
        local poste paket pakket transport en";
    let listed = |list: &str| list.split_ascii_whitespace().any(|listed| listed == word);
    let letters = word.chars().count();
    if listed(SERVICES) || letters == 1 || word.bytes().all(|byte| byte.is_ascii_digit()) {
        0.05
    } else if listed(COMMON) || country(word).is_some() {
        0.4
    } else {
        1.0
    }
}

/// 0, or how alike two words are that differ by slips of the finger only.
/// Short ones have to be the same: `ups` is not `usps`, `dpd` is not `dhl`.
fn close(one: &[char], other: &[char]) -> f64 {
    let (short, long) = (one.len().min(other.len()), one.len().max(other.len()));
    if short < 5 || long - short > 3 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a word has few letters")]
    let likeness = 1.0 - distance(one, other) as f64 / long as f64;
    if likeness >= 0.75 { likeness } else { 0.0 }
}

/// Letters added, dropped, changed, or swapped with their neighbour.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let at = |line: &[usize], place: usize| line.get(place).copied().unwrap_or(usize::MAX / 2);
            let changed = at(&last, column) + usize::from(letter != against);
            let mut least = changed.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            let swapped = row > 0
                && column > 0
                && one.get(row - 1) == Some(against)
                && other.get(column - 1) == Some(letter);
            if swapped {
                least = least.min(at(&before, column - 1) + 1);
            }
            current.push(least);
        }
        before = std::mem::replace(&mut last, current);
    }
    last.last().copied().unwrap_or(0)
}

const EUROPE: [&str; 27] = [
    "at", "be", "bg", "ch", "cz", "de", "dk", "ee", "es", "fi", "fr", "gr", "hr", "hu", "ie", "it", "lt",
    "lu", "lv", "nl", "no", "pl", "pt", "ro", "se", "si", "sk",
];

/// The country a word names, as a lower-case code.
fn country(word: &str) -> Option<&'static str> {
    const WORDS: [(&str, &str); 30] = [
        ("gb", "uk gb britain england"),
        ("us", "us usa america"),
        ("de", "de deu germany deutschland german"),
        ("at", "at austria osterreich osterreichische austrian"),
        ("ch", "ch switzerland schweiz swiss"),
        ("be", "be bel belgium belgie belgique"),
        ("nl", "nl nld netherlands nederland holland"),
        ("lu", "lu luxembourg"),
        ("fr", "fr fra france"),
        ("es", "es esp spain espana"),
        ("pt", "pt portugal"),
        ("it", "it ita italy italia italiane"),
        ("ie", "ie irl ireland"),
        ("se", "se swe sweden sverige"),
        ("dk", "dk denmark danmark"),
        ("no", "no norway norge"),
        ("fi", "fi finland"),
        ("pl", "pl pol poland polska"),
        ("cz", "cz czechia czech"),
        ("gr", "gr greece"),
        ("au", "au aus australia"),
        ("nz", "nz zealand"),
        ("ca", "can canada"),
        ("jp", "jp japan"),
        ("cn", "cn china"),
        ("in", "india"),
        ("sg", "sg singapore"),
        ("il", "israel"),
        ("br", "br brazil brasil"),
        ("hk", "hk hongkong"),
    ];
    let found = WORDS
        .iter()
        .find(|(code, words)| *code == word || words.split_ascii_whitespace().any(|own| own == word));
    found.map(|(code, _)| *code).filter(|_| word != "in" || word.len() != 2)
}

/// Accents off: `Österreichische` and `Colis Privé` are typed without them.
fn fold(letter: char) -> impl Iterator<Item = char> {
    let (first, second) = match letter {
        'à'..='å' => ('a', None),
        'À'..='Å' => ('A', None),
        'ç' => ('c', None),
        'è'..='ë' | 'ě' => ('e', None),
        'É' | 'È' => ('E', None),
        'ì'..='ï' => ('i', None),
        'ñ' => ('n', None),
        'ò'..='ö' | 'ø' => ('o', None),
        'Ö' | 'Ø' => ('O', None),
        'ù'..='ü' => ('u', None),
        'Ü' => ('U', None),
        'š' => ('s', None),
        'ž' => ('z', None),
        'ł' => ('l', None),
        'ß' => ('s', Some('s')),
        other => (other, None),
    };
    [Some(first), second].into_iter().flatten()
}
