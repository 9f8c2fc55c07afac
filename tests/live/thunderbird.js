// What thunderbird_test.py asks of Thunderbird. It runs inside of it, as its own code does, with one
// call of one of these functions at the end.

const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");

const accountOf = key => MailServices.accounts.getAccount(key);
const rootOf = key => accountOf(key).incomingServer.rootFolder;

function pathOf(folder) {
  const path = [];
  for (; !folder.isServer; folder = folder.parent)
    path.unshift(folder.flags & Ci.nsMsgFolderFlags.Inbox ? "INBOX" : folder.name);
  return path.join("/");
}

function folderOf(key, path) {
  const found = rootOf(key).descendants.find(folder => pathOf(folder) == path);
  if (!found) throw new Error(`${key} has no folder ${path}`);
  return found;
}

function messageOf(key, path, subject) {
  const found = [...folderOf(key, path).messages].find(message => message.mime2DecodedSubject == subject);
  if (!found) throw new Error(`${key} has no message ${subject} in ${path}`);
  return found;
}

// What Thunderbird calls when it has done what it was asked for, and how that ended.
function listening(start) {
  return new Promise((resolve, reject) => {
    const end = status =>
      Components.isSuccessCode(status) ? resolve() : reject(new Error(`status 0x${status.toString(16)}`));
    start({
      QueryInterface: ChromeUtils.generateQI(["nsIUrlListener", "nsIMsgCopyServiceListener", "nsIMsgSendListener"]),
      OnStartRunningUrl() {},
      OnStopRunningUrl: (url, status) => end(status),
      onStartCopy() {},
      onProgress() {},
      setMessageKey() {},
      getMessageId: () => null,
      onStopCopy: end,
      onStartSending() {},
      onStatus() {},
      onSendNotPerformed() {},
      onGetDraftFolderURI() {},
      onTransportSecurityError() {},
      // With a copy to keep the end is that of the copy.
      onStopSending: (id, status) => Components.isSuccessCode(status) || end(status),
    });
  });
}

// The passwords as if they had been typed and kept, the certificate as if it had been confirmed.
async function prepare(certificate, hosts, logins) {
  const cert = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB)
    .constructX509FromBase64(certificate);
  const overrides = Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService);
  for (const [host, port] of hosts) overrides.rememberValidityOverride(host, port, {}, cert, false);
  for (const [origin, user, password] of logins) {
    const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
    login.init(origin, null, origin, user, password, "", "");
    await Services.logins.addLoginAsync(login);
  }
}

// From here on, what would be shown to the user as an error is kept for alerts().
function watch() {
  window.shown = [];
  MailServices.mailSession.addUserFeedbackListener({
    QueryInterface: ChromeUtils.generateQI(["nsIMsgUserFeedbackListener"]),
    onAlert(text) {
      window.shown.push(text);
      return true;
    },
    onCertError: (security, url) => window.shown.push(`certificate: ${url.spec}`),
  });
}

const alerts = () => window.shown;

// "Get messages", and a look into every folder. For POP3 it ends with that; for IMAP it has only begun:
// a folder tells the last one who asked, and that may be Thunderbird itself.
async function look(key) {
  const server = accountOf(key).incomingServer;
  if (server.type == "pop3") {
    const inbox = server.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
    return listening(listener => MailServices.pop3.GetNewMail(null, listener, inbox, server));
  }
  await listening(listener => MailServices.imap.discoverAllFolders(server.rootFolder, listener, null));
  for (const folder of server.rootFolder.descendants) {
    if (!(folder.flags & Ci.nsMsgFolderFlags.ImapNoselect)) folder.updateFolder(null);
  }
}

// {folder: {subject: flags}}, or "twice" for the flags.
function mail(key) {
  const seen = {};
  for (const folder of rootOf(key).descendants) {
    const messages = (seen[pathOf(folder)] = {});
    for (const message of folder.messages) {
      const flags = [];
      if (message.isRead) flags.push("read");
      if (message.isFlagged) flags.push("flagged");
      if (message.flags & Ci.nsMsgMessageFlags.Replied) flags.push("answered");
      const tags = message.getStringProperty("keywords").split(" ").filter(word => word.startsWith("$label"));
      const subject = message.mime2DecodedSubject;
      messages[subject] = subject in messages ? "twice" : [...flags, ...tags].join(" ");
    }
  }
  return seen;
}

// The message as it came, one character per byte; kept from then on, as if a user had opened it.
function source(key, path, subject) {
  return sourceOf(messageOf(key, path, subject));
}

function sourceOf(message) {
  const uri = message.folder.getUriForMsg(message);
  return new Promise((resolve, reject) => {
    let text = "";
    const listener = {
      QueryInterface: ChromeUtils.generateQI(["nsIStreamListener"]),
      onStartRequest() {},
      onDataAvailable(request, stream, offset, count) {
        const input = Cc["@mozilla.org/scriptableinputstream;1"].createInstance(Ci.nsIScriptableInputStream);
        input.init(stream);
        text += input.readBytes(count);
      },
      onStopRequest: (request, status) =>
        // Without the fields that Thunderbird keeps in front of it.
        Components.isSuccessCode(status) ? resolve(text.replace(/^(X-Mozilla-.*\r?\n)+/, "")) :
          reject(new Error(`status 0x${status.toString(16)}`)),
    };
    MailServices.messageServiceFromURI(uri).streamMessage(uri, listener, null, null, false, "", false);
  });
}

// Fetches what it has headers of only; the number of those.
async function fetchAll(key) {
  let count = 0;
  for (const folder of rootOf(key).descendants) {
    for (const message of [...folder.messages].filter(one => !(one.flags & Ci.nsMsgMessageFlags.Offline))) {
      await sourceOf(message);
      ++count;
    }
  }
  return count;
}

function create(key, parent, name) {
  (parent ? folderOf(key, parent) : rootOf(key)).createSubfolder(name, null);
}

function rename(key, path, name) {
  folderOf(key, path).rename(name, null);
}

function remove(key, path) {
  folderOf(key, path).deleteSelf(null);
}

function move(key, path, subject, target) {
  const message = messageOf(key, path, subject);
  return listening(listener =>
    MailServices.copy.copyMessages(message.folder, [message], folderOf(key, target), true, listener, null, false));
}

function trash(key, path, subject) {
  const message = messageOf(key, path, subject);
  return listening(listener => message.folder.deleteMessages([message], null, false, true, listener, false));
}

function mark(key, path, subject, { read, flagged, tag, untag }) {
  const message = messageOf(key, path, subject);
  if (read !== undefined) message.folder.markMessagesRead([message], read);
  if (flagged !== undefined) message.folder.markMessagesFlagged([message], flagged);
  if (tag) message.folder.addKeywordsToMessages([message], tag);
  if (untag) message.folder.removeKeywordsFromMessages([message], untag);
}

// Ends when the copy in Sent is stored.
function send(key, to, subject, text, attachment) {
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  const identity = accountOf(key).defaultIdentity;
  fields.from = identity.fullAddress;
  fields.to = to;
  fields.subject = subject;
  if (attachment) {
    const part = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
    part.url = Services.io.newFileURI(new FileUtils.File(attachment)).spec;
    part.name = PathUtils.filename(attachment);
    fields.addAttachment(part);
  }
  const sending = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
  return listening(listener =>
    sending.createAndSendMessage(null, identity, key, fields, false, false, Ci.nsIMsgSend.nsMsgDeliverNow, null,
      "text/plain", text, window, null, listener, null, "", Ci.nsIMsgCompType.New).catch(() => {}));
}

// Shows the message as a click on its folder and then on itself does; true when its text is there.
async function show(key, path, subject, text) {
  const pane = document.getElementById("tabmail").currentAbout3Pane;
  const message = messageOf(key, path, subject);
  if (pane.gFolder != message.folder) pane.displayFolder(message.folder.URI);
  if (!pane.gDBView) return false;
  const row = pane.gDBView.findIndexOfMsgHdr(message, true);
  if (row == 0xffffffff) return false;
  if (pane.threadTree.selectedIndex != row) pane.threadTree.selectedIndex = row;
  const content = pane.messageBrowser.contentWindow?.getMessagePaneBrowser?.().contentDocument;
  return !!content?.body?.textContent.includes(text);
}
