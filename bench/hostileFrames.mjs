// The frames that cost a receiver most, each as near to 1 MiB as it gets.
const SIZE = 1024 * 1024;

const bytesOf = (text) => Buffer.byteLength(text);

/** Puts as many copies of a text into a frame as fit. */
function filled(before, text, after) {
  const room = SIZE - bytesOf(before) - bytesOf(after);
  return before + text.repeat(Math.floor(room / bytesOf(text))) + after;
}

/** Two kinds of combining marks, in the order that costs a normalisation most. */
function marked(before, after) {
  const room = Math.floor((SIZE - bytesOf(before) - bytesOf(after)) / 4);
  return `${before}${'\u0315'.repeat(room)}${'\u0300'.repeat(room)}${after}`;
}

/** As many of numbered members as fit. */
function numbered(before, member, after) {
  const parts = [];
  let size = bytesOf(before) + bytesOf(after);
  for (let at = 0; ; at += 1) {
    const text = member(at);
    size += bytesOf(text) + 1;
    if (size > SIZE) return before + parts.join(',') + after;
    parts.push(text);
  }
}

const SIGN =
  '{"type":"sign_request","session_key":"k","threshold":2,"total_parts":2,' +
  `"data":"${'ab'.repeat(32)}","address":"0x${'ab'.repeat(20)}","participants":["a","b"],`;
const INVITE = SIGN.replace('sign_request', 'sign_invite').replace(
  /"threshold":2,"total_parts":2,/,
  '"threshold":2,"total_parts":2,"coordinator":"c","part_index":1,"se_id":"s","expires_at":1,',
);
const KEYGEN = '{"type":"keygen_request","session_key":"k","threshold":2,"total_parts":2,';
const PEER =
  '{"type":"ack","session_id":"","from":"mobile-app","to":"enterprise","round":0,"seq":0,' +
  '"frame":0,"timestamp":0,"signature":"",';
const CERTIFICATE = Buffer.alloc(241, 7).toString('base64');
const half = (text, count) => text.repeat(count);

/** Shapes that every reader of JSON meets. */
function* common(receiver, object) {
  yield { receiver, name: 'no JSON', text: filled('', 'x', '') };
  yield { receiver, name: 'white space', text: filled('', ' ', '1') };
  yield { receiver, name: 'nesting', text: filled('', '[', '') };
  yield { receiver, name: 'digits', text: filled(`${object}"a":`, '1', '}') };
  yield { receiver, name: 'a list of zeros', text: filled(`${object}"a":[`, '0,', '0]}') };
  yield { receiver, name: 'a list of maps', text: filled(`${object}"a":[`, '{},', '{}]}') };
  yield { receiver, name: 'quotes in a text', text: filled(`${object}"a":"`, '\\"', '"}') };
  yield { receiver, name: 'escapes in a text', text: filled(`${object}"a":"`, '\\u0061', '"}') };
  yield {
    receiver,
    name: 'unknown keys',
    text: numbered(object, (at) => `"k${at}":0`, '}'),
  };
  yield {
    receiver,
    name: 'unknown keys with escapes',
    text: numbered(object, (at) => `"\\u0061${at}":0`, '}'),
  };
}

function* coordinator() {
  const receiver = 'coordinator';
  const after = '","role":"participant","token":"x"}';
  yield {
    receiver,
    name: 'marks in register.username',
    text: marked('{"type":"register","username":"a', after),
  };
  yield* common(receiver, '{"type":"ack","seq":1,');
  yield {
    receiver,
    name: 'participants without end',
    text: filled(`${KEYGEN}"participants":[`, '"a",', '"a"]}'),
  };
  yield {
    receiver,
    name: 'a payload of zeros',
    text: filled(`${SIGN}"payload":{"kind":"digest","a":[`, '0,', '0]}}'),
  };
  yield {
    receiver,
    name: 'a payload of backslashes',
    text: filled(`${SIGN}"payload":{"kind":"digest","a":"`, '\\\\', '"}}'),
  };
  yield {
    receiver,
    name: 'a payload of keys',
    text: numbered(`${SIGN}"payload":{"kind":"digest","a":{`, (at) => `"k${at}":0`, '}}}'),
  };
  const reason = `a${half('\u0315', 500)}${half('\u0300', 500)}`;
  const decline = `{"type":"keygen_response","session_key":"k","part_index":1,"cpic":"","accept":false,"reason":"${reason}"}`;
  yield { receiver, name: '64 reasons of marks', text: `[${Array(64).fill(decline).join()}]` };
  const body = Buffer.alloc(48 * 1024, 7).toString('base64');
  const round = `{"type":"round","session_key":"k","from":1,"to":2,"round":1,"body":"${body}","signature":"${Buffer.alloc(64, 7).toString('base64')}"}`;
  yield { receiver, name: '15 bodies of rounds', text: `[${Array(15).fill(round).join()}]` };
}

function* agent() {
  const receiver = 'agent';
  yield {
    receiver,
    name: 'marks in error.details',
    text: marked('{"type":"error","message":"","details":"a', '"}'),
  };
  yield* common(receiver, '{"type":"ack","cseq":1,');
  const details = `a${half('\u0315', 2000)}${half('\u0300', 2000)}`;
  const message = `{"type":"error","message":"","details":"${details}"}`;
  yield { receiver, name: '64 details of marks', text: `[${Array(64).fill(message).join()}]` };
  yield {
    receiver,
    name: 'a payload of zeros',
    text: filled(`${INVITE}"payload":{"kind":"digest","a":[`, '0,', '0]}}'),
  };
  const peers = Array(32).fill(
    `{"username":"${'\u{1f600}'.repeat(64)}","part_index":1,"session_certificate":"${CERTIFICATE}"}`,
  );
  const params = `{"type":"keygen_params","session_key":"k","threshold":2,"total_parts":2,"part_index":1,"filename":"f","peers":[${peers.join()}]}`;
  yield { receiver, name: '45 lists of 32 peers', text: `[${Array(45).fill(params).join()}]` };
}

function* cosigner() {
  const receiver = 'cosigner';
  const [before = '', after = ''] = `${PEER}"data":"AAAA"}`.split('mobile-app');
  yield { receiver, name: 'marks in from', text: marked(`${before}a`, after) };
  yield* common(receiver, PEER);
  yield { receiver, name: 'data of 768 KiB', text: `${PEER}"data":"${'A'.repeat(768 * 1024)}"}` };
  yield { receiver, name: 'data that ends too late', text: filled(`${PEER}"data":"`, 'A', '"}') };
}

/** Every frame. */
export function* frames() {
  yield* coordinator();
  yield* agent();
  yield* cosigner();
}
