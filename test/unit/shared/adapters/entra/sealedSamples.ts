/** The same cache of one user, sealed once and kept. Whoever changes the format finds out here. */
const MSAL = '{"RefreshToken":{"some-key":{"secret":"a secret"}}}';

export const SAMPLE = {
  user: { tid: 'a0000000-0000-4000-8000-00000000000a', oid: 'c0000000-0000-4000-8000-00000000000c' },
  masterKey: { kid: 'new', secret: new Uint8Array(32).fill(1) },
  cache: MSAL,
  generation: 'a generation',
  /** HKDF-SHA-256 of the master key, computed with Python's `cryptography`. */
  userKey: '49509a3fd0c59b04dea62aa61e85753195cf2c8b43cb089e9b8dfdb321ce6952',
  /** Sealed with that key by Python's `cryptography`. */
  sealed:
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoibmV3LnUiLCJzdWIiOiJhMDAwMDAwMC0wMDAwLTQwMDAtODAwMC0wMDAwMDAwMDAw' +
    'MGEvYzAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDBjIn0..fMcH7zrUpTDJMkbU.N7JCAoWNGh8Gnb8bAXbE8-_6qIy8BqXluzF_9xWaj' +
    't4t2w3ZKzFQGMHtldxf81hca7icRWvoo_Xi2-bYx6nAh_kgArfw9KBvx5oGAJZ0mq1F_zyBMsXjIFvQC_CYeXuSzQ.zS8CXuOpBr5yT_NPwqEX3g',
  /** Sealed with the master key itself, by the release that did so. */
  sealedWithMasterKey:
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoibmV3Iiwic3ViIjoiYTAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDBhL2' +
    'MwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwYyJ9..4Wy57DSDnbXBWxj3.EJopT1brJOeVGm4BwVa92fXYgcgc_W-XsQm7bN8IaLjhKt' +
    'RZJzVYjPIkcu77-2NAEif5d6fCWw-KLWVeubT9oqOsW06RwyMWWiy1K1XE53FEAX8bxlG2OBXSP43lQyb0IQ.Hpn88vvlZa5QkP4cIGAd1w',
};
