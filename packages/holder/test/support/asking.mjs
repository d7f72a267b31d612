// A program that asks on stdin and stderr, one question for each message of its parent, and tells the answers.
import { createAsker, processTerminal } from '../../dist/index.js';

const ask = createAsker(processTerminal());
const digest = `02ec${'7'.repeat(60)}`;
process.on('message', () => {
  const subject = { name: 'digest', hex: digest };
  const question = { title: '── Signature ──', lines: [], subject, timeLeft: 60_000 };
  void ask(question, new AbortController().signal).then((answer) => process.send(answer));
});
process.send('ready');
