// Two imapflow clients on one account, for imapflow_test.py: one stays in a mailbox and is told what
// the other does. Says "done" at the end; whatever is not as promised ends it with a status.
//
//   node imapflow.mjs MODULES PORT TLS|STARTTLS CERTIFICATE ADDRESS PASSWORD

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [modules, port, security, certificate, user, pass] = process.argv.slice(2);
const { ImapFlow } = createRequire(`${modules}/`)('imapflow');
const mailbox = `Flow ${security}`;
const timeout = AbortSignal.timeout(60_000);
const offered = readFileSync('/dev/stdin', 'utf8').split(' ');

function client(more = {}) {
  return new ImapFlow({
    host: 'localhost', port: Number(port), secure: security === 'TLS', doSTARTTLS: security !== 'TLS',
    auth: { user, pass }, tls: { ca: readFileSync(certificate) }, logger: false, ...more,
  });
}

function letter(subject, body = 'A line.\r\n') {
  return `From: ${user}\r\nTo: ${user}\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.test>\r\n` +
    `Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}`;
}

async function all(found) {
  const list = [];
  for await (const one of found) list.push(one);
  return list;
}

const resident = client({ qresync: true });
const visitor = client();
await Promise.all([resident.connect(), visitor.connect()]);
for (const word of offered) assert.ok(visitor.capabilities.has(word), word);

const boxes = await visitor.list({ statusQuery: { messages: true, unseen: true } });
for (const use of ['\\Inbox', '\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive']) {
  assert.ok(boxes.some((box) => box.specialUse === use), use);
}
assert.ok((await visitor.mailboxCreate(mailbox)).created);
await visitor.mailboxOpen(mailbox);

// APPENDs at once, each with its UID.
const subjects = ['one', 'two', 'three', 'four'];
const added = await Promise.all(subjects.map((subject, n) =>
  visitor.append(mailbox, letter(subject), n === 0 ? ['\\Seen'] : [])));
assert.deepEqual(new Set(added.map((one) => one.uid)).size, 4);

const opened = await resident.mailboxOpen(mailbox);
assert.equal(opened.exists, 4);
const since = opened.highestModseq;
assert.ok(since > 0n);

// Who idles is told of the new, of flags and of what is gone, by UID with QRESYNC. Left alone the
// library starts to idle only after fifteen seconds.
let idling = resident.idle();
let told = once(resident, 'exists', { signal: timeout });
await visitor.append(mailbox, letter('five', 'Grüße\r\n'));
assert.equal((await told)[0].count, 5);
told = once(resident, 'flags', { signal: timeout });
const [first] = await visitor.search({ header: { subject: 'one' } }, { uid: true });
await visitor.messageFlagsAdd(first, ['\\Flagged'], { uid: true });
const changed = (await told)[0];
assert.ok(changed.flags.has('\\Flagged') && changed.modseq > since);
told = once(resident, 'expunge', { signal: timeout });
const [second] = await visitor.search({ subject: 'two' }, { uid: true });
assert.ok(await visitor.messageDelete(second, { uid: true }));
const vanished = (await told)[0];
assert.equal(vanished.vanished, true);
assert.equal(vanished.uid, second);

// Any command ends the IDLE. CONDSTORE: only what changed since, and all that is there.
const news = await all(resident.fetch('1:*', { flags: true, uid: true }, { changedSince: since }));
assert.deepEqual(news.map((one) => one.uid).includes(first), true);
assert.equal(news.length, 2);  // the flagged and the new one
const everything = await all(resident.fetch('1:*', { envelope: true, emailId: true, bodyStructure: true }));
assert.deepEqual(everything.map((one) => one.envelope.subject).sort(), ['five', 'four', 'one', 'three']);
assert.equal(new Set(everything.map((one) => one.emailId)).size, 4);
const { content } = await resident.download(String(everything.length), '1');
let text = '';
for await (const piece of content) text += piece;
assert.equal(text, 'Grüße\r\n');

// MOVE tells where everything went; the other side sees it go.
await idling;
idling = resident.idle();
told = once(resident, 'expunge', { signal: timeout });
const [third] = await visitor.search({ subject: 'three' }, { uid: true });
const moved = await visitor.messageMove(third, 'Archive', { uid: true });
assert.equal(moved.uidMap.size, 1);
assert.equal((await told)[0].uid, third);

// Away, and back with QRESYNC.
const before = resident.mailbox.highestModseq;
const validity = resident.mailbox.uidValidity;
await resident.logout();
await idling;
await visitor.messageFlagsAdd({ subject: 'four' }, ['\\Answered', '$Work']);
const again = client({ qresync: true });
await again.connect();
const reopened = await again.mailboxOpen(mailbox);
assert.equal(reopened.uidValidity, validity);
assert.equal(reopened.exists, 3);
const back = await all(again.fetch('1:*', { flags: true, uid: true }, { changedSince: before }));
assert.equal(back.length, 1);
assert.ok(back[0].flags.has('\\Answered') && back[0].flags.has('$Work'));

// STATUS, RENAME and DELETE while another has it open.
assert.equal((await visitor.status(mailbox, { messages: true })).messages, 3);
await visitor.mailboxClose();
await again.mailboxClose();
await visitor.mailboxRename(mailbox, `${mailbox} – älter`);
assert.ok((await again.list()).some((box) => box.path === `${mailbox} – älter`));
await visitor.mailboxDelete(`${mailbox} – älter`);
await Promise.all([again.logout(), visitor.logout()]);
console.log('done');
