// node-smpp as an ESME that waits to be called: at an outbind it binds, takes receipts, and unbinds after the last one.
//
// argument, JSON: {system_id, password, how, receipts, wait_ms}; how: bind_receiver or bind_transceiver
// stdout, one JSON per line: {port}, then {outbind, receipts: {message_id: stat}, refusals}; what the library thinks.
'use strict';

const smpp = require('smpp');

const order = JSON.parse(process.argv[2]);
const found = { outbind: null, receipts: {}, refusals: [] };

function tell(what, then) {
  process.stdout.write(JSON.stringify(what) + '\n', then);
}

function finish() {
  tell(found, () => process.exit(0));
}

function take(session, pdu) {
  const parts = /^id:(\S+) .*stat:([A-Z]{7})/.exec(pdu.short_message.message);
  if (parts) found.receipts[parts[1]] = parts[2];
  else found.refusals.push(`deliver_sm that is no receipt: ${pdu.short_message.message}`);
  session.send(pdu.response());
  if (Object.keys(found.receipts).length === order.receipts) session.unbind(finish);
}

function bind(session, outbind) {
  found.outbind = { system_id: outbind.system_id, password: outbind.password };
  session[order.how]({ system_id: order.system_id, password: order.password }, (pdu) => {
    if (pdu.command_status) found.refusals.push(`${order.how}: status ${pdu.command_status}`);
  });
}

const server = smpp.createServer((session) => {
  session.on('error', (error) => found.refusals.push(String(error)));
  session.on('outbind', (pdu) => bind(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('deliver_sm', (pdu) => take(session, pdu));
});

setTimeout(finish, order.wait_ms);
server.listen(0, '127.0.0.1', () => tell({ port: server.address().port }));
