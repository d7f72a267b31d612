/** Readers that are not in the table of parsers, and why. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'holder/src/files/files.ts#readIfPresent': 'gives bytes, and looks at none',
  'wire/src/files.ts#readOperatorFile': 'gives bytes, and looks at none',
  'holder/src/files/secretFile.ts#readSecretFile': 'gives bytes, and looks at none',
  'holder/src/terminal/editors.ts#readFromPipe':
    'lines of the own terminal: holder/test/terminal/terminalPipe.test.ts',
  'coordinator/src/auth/keyFile.ts#readSecretFile': 'gives bytes, and looks at none',
  'coordinator/src/config/file.ts#readConfigured': 'gives a text, and looks at none',
  'coordinator/src/config/names.ts': 'asks the schema of the settings for their names',
  'cli/src/commands/health.ts': 'a choice of two answers of the wire',
  'cosigner/src/primeStock.ts': 'the answer of a process that this one started',
  'cosigner/src/session/request.ts': 'the text of a request that the same program kept',
  'cosigner/src/withdrawn.ts':
    'what a command of this program wrote; anything else refuses the token: cosigner/test/tokens.test.ts',
  'cosigner/src/storeKey.ts': 'two numbers that the same program wrote, read by parsedJson',
};
