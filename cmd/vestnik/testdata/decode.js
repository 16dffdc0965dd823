// Prints what npm's mailparser decodes of a letter.
const { simpleParser } = require('mailparser');
const address = (a) => a.name ? `${a.name} <${a.address}>` : a.address;
simpleParser(require('fs').createReadStream(process.argv[2])).then((m) => console.log(JSON.stringify({
  Subject: m.subject, From: address(m.from.value[0]), To: m.to.value.map(address).join(', '),
  MessageID: m.messageId, Type: m.headers.get('content-type').value, Text: m.text, HTML: m.html,
})));
