/** Makes an agent: opens and checks everything before it connects. */
import { type Chip, type JournalNews, type Logger, silentLogger } from '@quorate/holder';
import { Participant } from './agent.ts';
import type { Agent, AgentOptions } from './agentTypes.ts';
import { CEREMONIES } from './ceremonies/index.ts';
import { loadAgentConfig } from './config.ts';
import { chipFromConfig } from './chip/chipFromConfig.ts';
import { openOwnChip } from './chip/ownChip.ts';
import { checkAttended, pinFromConfig } from './providers.ts';
import { checkNoSwitch, upgradeJournal } from './replacement/journal.ts';
import { openState } from './records/state.ts';

/** Opens state, chip and threads; `start` connects. @throws HolderError `store/locked` and others */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { directory } = options;
  const config = options.config ?? loadAgentConfig(directory);
  if (options.approve === undefined) checkAttended(directory, config);
  const { logger = silentLogger } = options;
  const state = openState(directory, { tell: (news) => logNews(logger, news) });
  let chip: Chip | undefined;
  try {
    upgradeJournal(directory);
    checkNoSwitch(directory);
    const pinned = state.pins.find(config.username);
    const element = options.chip ?? (await chipFromConfig(directory, config, { logger, pinned }));
    const pin = options.pin ?? pinFromConfig(directory, config);
    chip = await openOwnChip({ element, pin, state, username: config.username, logger });
    return new Participant({ ...options, config }, { state, chip, ceremonies: CEREMONIES });
  } catch (error) {
    await chip?.close();
    state.close();
    throw error;
  }
}

function logNews(logger: Logger, news: JournalNews): void {
  switch (news.news) {
    case 'cut':
      return logger.warn(news, 'the last write before a crash was not whole: nobody relied on it');
    case 'compacted':
      return logger.debug(news, 'journal compacted');
    case 'compaction postponed':
      return logger.warn(news, 'the journal cannot be compacted now');
    case 'failed':
      return logger.error(
        news,
        'the disk failed: this agent uses no key until it is started again',
      );
  }
}
