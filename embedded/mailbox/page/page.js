// The mailbox's page: a list that refreshes itself, and one mail in several views.
const REFRESH_MS = 2000;
const byId = (id) => document.getElementById(id);

let messages = [];
let total = 0;
let shown; // the mail on the right, with all its parts
let view = 'html';

async function refresh() {
  if (document.hidden) return;
  try {
    const answer = await (await fetch('/api/messages')).json();
    const changed = answer.total !== total || answer.messages[0]?.id !== messages[0]?.id;
    ({ messages, total } = answer);
    if (changed || byId('count').dataset.state !== 'fresh') showList();
  } catch {
    byId('count').textContent = 'The mailbox does not answer';
    byId('count').dataset.state = 'lost';
  }
}

function showList() {
  const words = byId('filter').value.trim().toLowerCase();
  const matching = messages.filter((each) => `${each.to.join(' ')} ${each.subject}`.toLowerCase().includes(words));
  byId('list').replaceChildren(...matching.map(listEntry));
  byId('count').textContent = total === 0 ? '' : total === 1 ? '1 mail' : `${total} mails`;
  byId('count').dataset.state = 'fresh';
  byId('clear').hidden = total === 0;
  byId('filter').hidden = total === 0;
  markChosen();
  showPane();
}

function listEntry(message) {
  const link = element('a', { href: `#${message.id}` });
  const time = element('time', { dateTime: message.date, title: new Date(message.date).toLocaleString() });
  time.textContent = shortTime(new Date(message.date));
  link.append(
    element('b', {}, message.to.join(', ')),
    time,
    element('span', { className: 'subject' }, message.subject || '(no subject)'),
    element('span', { className: 'preview' }, message.preview),
  );
  return link;
}

async function showChosen() {
  const id = location.hash.slice(1);
  shown = undefined;
  if (id) {
    const answer = await fetch(`/api/messages/${encodeURIComponent(id)}`);
    if (answer.ok) shown = await answer.json();
  }
  if (shown) showMail();
  markChosen();
  showPane();
}

function showMail() {
  byId('subject').textContent = shown.subject || '(no subject)';
  const facts = [
    ['From', shown.from],
    ['To', shown.to.join(', ')],
    ['Arrived', new Date(shown.date).toLocaleString()],
    ...(shown.headers['reply-to'] ? [['Reply to', shown.headers['reply-to']]] : []),
    ...(shown.attachments.length > 0 ? [['Attached', shown.attachments.map(({ name }) => name).join(', ')]] : []),
  ];
  byId('facts').replaceChildren(...facts.flatMap(pair));
  if (view === 'html' && shown.html === undefined) view = 'text';
  for (const tab of document.querySelectorAll('[data-view]')) {
    const { view: name } = tab.dataset;
    tab.ariaSelected = String(name === view);
    tab.hidden = (name === 'html' && shown.html === undefined) || (name === 'links' && shown.links.length === 0);
  }
  byId('view').replaceChildren(VIEWS[view]());
}

const VIEWS = {
  html: () =>
    element('iframe', {
      title: 'The mail',
      src: `/api/messages/${shown.id}/html`,
      // Without allow-scripts and allow-same-origin: a mail may neither run code nor reach this page.
      sandbox: 'allow-popups allow-popups-to-escape-sandbox',
    }),
  text: () => element('pre', {}, shown.text ?? 'This mail has no text part.'),
  links: () => {
    const list = element('ol');
    for (const href of shown.links) {
      const item = element('li');
      item.append(element('a', { href, target: '_blank', rel: 'noreferrer' }, href));
      list.append(item);
    }
    return list;
  },
  headers: () => {
    const list = element('dl');
    list.append(...Object.entries(shown.headers).flatMap(pair));
    return list;
  },
  source: () => element('pre', { className: 'source' }, shown.source),
};

function showPane() {
  byId('empty').hidden = total > 0;
  byId('mail').hidden = shown === undefined;
  byId('choose').hidden = total === 0 || shown !== undefined;
}

function markChosen() {
  for (const link of byId('list').children) {
    if (link.hash === location.hash) link.ariaCurrent = 'true';
    else link.ariaCurrent = null;
  }
}

function pair([name, value]) {
  return [element('dt', {}, name), element('dd', {}, value)];
}

function element(name, properties = {}, text = '') {
  const made = Object.assign(document.createElement(name), properties);
  made.textContent = text;
  return made;
}

function shortTime(date) {
  const today = date.toDateString() === new Date().toDateString();
  return today
    ? date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
    : date.toLocaleDateString([], { day: 'numeric', month: 'short' });
}

byId('filter').addEventListener('input', showList);
byId('clear').addEventListener('click', async () => {
  if (!confirm(`Delete ${total === 1 ? 'the mail' : `all ${total} mails`} of this mailbox?`)) return;
  await fetch('/api/messages', { method: 'DELETE' });
  location.hash = '';
  await refresh();
});
for (const tab of document.querySelectorAll('[data-view]')) {
  tab.addEventListener('click', () => {
    view = tab.dataset.view;
    showMail();
  });
}
addEventListener('hashchange', showChosen);
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, REFRESH_MS);

const status = await (await fetch('/api/status')).json();
byId('smtp-port').textContent = status.smtpPort;
await refresh();
await showChosen();
