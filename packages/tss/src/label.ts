/**
 * Every domain-separation label of the protocols, in one place so that a test can show that no two
 * are alike. A label is the first framed field of whatever is hashed (transcript.ts).
 */
export const LABELS = {
  sessionId: 'quorate/v1/session-id',
  keygenSession: 'quorate/v1/dkls23/keygen/session',
  signSession: 'quorate/v1/dkls23/sign/session',
  echo: 'quorate/v1/round/echo',
  commitment: 'quorate/v1/commitment',
  schnorr: 'quorate/v1/schnorr',
  chainCode: 'quorate/v1/dkls23/keygen/chain-code',
  chainCodeFinal: 'quorate/v1/dkls23/keygen/chain-code/final',
  zeroSeedCommitment: 'quorate/v1/dkls23/keygen/zero-seed',
  keygenTranscript: 'quorate/v1/dkls23/keygen/transcript',
  keygenConfirmation: 'quorate/v1/dkls23/keygen/confirmation',
  pairSetup: 'quorate/v1/dkls23/pair/setup',
  pairSign: 'quorate/v1/dkls23/pair/sign',
  zeroShare: 'quorate/v1/dkls23/zero-share',
  nonceDigest: 'quorate/v1/dkls23/sign/nonce',
  basePoint: 'quorate/v1/ot/base/point',
  basePad: 'quorate/v1/ot/base/pad',
  pprfTree: 'quorate/v1/ot/pprf/tree',
  pprfLeafProof: 'quorate/v1/ot/pprf/leaf-proof',
  pprfTreeProof: 'quorate/v1/ot/pprf/tree-proof',
  extensionLeaf: 'quorate/v1/ot/extension/leaf',
  extensionCheck: 'quorate/v1/ot/extension/check',
  extensionRow: 'quorate/v1/ot/extension/row',
  rvoleGadget: 'quorate/v1/ot/rvole/gadget',
  rvoleMasked: 'quorate/v1/ot/rvole/masked',
  rvoleTheta: 'quorate/v1/ot/rvole/theta',
  rvoleCheck: 'quorate/v1/ot/rvole/check',
} as const;
