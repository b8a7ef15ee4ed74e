/** What the server takes for a field that stays empty; a test holds them against it. */
export const DEFAULTS = {
  attempts: '3',
  dnsTimeout: '2',
  httpTimeout: '10',
  concurrency: '128',
  userAgent: 'phaseline/0.1',
  acceptLanguage: 'en',
  match: '0.27',
  contentBytes: '1024',
  parkedFloor: '0.45',
  keywordDensity: '0.35',
  uniqueKeywordCoverage: '0.25',
  nonParked: '0.1',
  contentLengthQuality: '0.1',
  titleKeyword: '0.1',
  freshness: '0.1',
  tfLite: '0',
} as const
