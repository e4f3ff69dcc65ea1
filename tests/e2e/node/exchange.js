// One exchange of node-smpp with the gateway: binds, sends what its argument says, waits for every answer and receipt.
//
// argument, JSON: {port, system_id, password, apart, submits, wait_ms}
// stdout, JSON: {ids, receipts: {message_id: stat}, refusals}; what the library thinks, not what was meant.
'use strict';

const smpp = require('smpp');

const order = JSON.parse(process.argv[2]);
const exchange = { ids: [], receipts: {}, refusals: [] };
const sessions = [];

function ends() {
  const answered = exchange.ids.length + exchange.refusals.length === order.submits.length;
  return answered && exchange.ids.every((id) => id in exchange.receipts);
}

function finish() {
  process.stdout.write(JSON.stringify(exchange), () => process.exit(0));
}

function look() {
  if (!ends()) return;
  let left = sessions.length;
  for (const session of sessions) session.unbind(() => --left || finish());
}

function take(session, pdu) {
  const text = pdu.short_message.message;
  const found = /^id:(\S+) .*stat:([A-Z]{7})/.exec(text);
  if (!found || pdu.esm_class !== smpp.ESM_CLASS.MC_DELIVERY_RECEIPT) {
    exchange.refusals.push(`deliver_sm that is no receipt: ${text}`);
  } else if (pdu.receipted_message_id !== found[1]) {
    exchange.refusals.push(`receipted_message_id ${pdu.receipted_message_id} beside ${found[1]}`);
  } else {
    exchange.receipts[found[1]] = found[2];
  }
  session.send(pdu.response());
  look();
}

function bound(how) {
  return new Promise((resolve, reject) => {
    const session = smpp.connect({ host: '127.0.0.1', port: order.port });
    sessions.push(session);
    session.on('error', reject);
    session.on('enquire_link', (pdu) => session.send(pdu.response()));
    session.on('deliver_sm', (pdu) => take(session, pdu));
    session.on('connect', () => {
      session[how]({ system_id: order.system_id, password: order.password }, (pdu) => {
        if (pdu.command_status) reject(new Error(`${how}: status ${pdu.command_status}`));
        else resolve(session);
      });
    });
  });
}

function fields({ udh, text, sar, payload, ...plain }) {
  const base = { source_addr_ton: 5, source_addr: 'Shop', dest_addr_ton: 1, dest_addr_npi: 1, registered_delivery: 1 };
  if (payload) return { ...base, ...plain, message_payload: text };
  if (udh) return { ...base, ...plain, short_message: { udh: Buffer.from(udh, 'hex'), message: text } };
  return { ...base, ...plain, ...sar, short_message: text };
}

function answered(pdu) {
  if (pdu.command_status) exchange.refusals.push(`status ${pdu.command_status}`);
  else exchange.ids.push(pdu.message_id);
  look();
}

async function main() {
  setTimeout(finish, order.wait_ms);
  const sender = await bound(order.apart ? 'bind_transmitter' : 'bind_transceiver');
  if (order.apart) await bound('bind_receiver');
  for (const submit of order.submits) sender.submit_sm(fields(submit), answered);
}

main().catch((error) => {
  exchange.refusals.push(String(error));
  finish();
});
