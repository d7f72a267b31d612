// One agent in a process of its own, from the build, that a test kills.
import { createAgent } from '../../dist/index.js';

const agent = await createAgent({ directory: process.argv[2] });
agent.start();
await agent.registered();
process.stdout.write('ready\n');
