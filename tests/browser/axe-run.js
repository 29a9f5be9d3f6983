const done = arguments[arguments.length - 1];
// what still fades in has not its colours yet
const still = Promise.all(document.getAnimations().map(a => a.finished.catch(() => {})));
const soon = new Promise(go => setTimeout(go, 1000));
Promise.race([still, soon])
  .then(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }))
  .then(r => done(r.violations.map(v => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map(n => n.html + ' – ' + n.failureSummary) }))))
  .catch(e => done([{ id: 'axe failed', help: String(e) }]));
