/**
 * That the person of an account does not want to be offered a link. It is kept in this browser, by a number that says nothing of
 * who that is: several people may use one browser.
 */
const keyOf = (homeAccountId: string): string => `stead.stay-connected.${numberOf(homeAccountId)}`;

export const hasDeclined = (homeAccountId: string): boolean =>
  localStorage.getItem(keyOf(homeAccountId)) !== null;

export const decline = (homeAccountId: string): void =>
  localStorage.setItem(keyOf(homeAccountId), 'dismissed');

/** 32 bits (FNV-1a), which tell the few people of one browser apart. */
function numberOf(text: string): string {
  let number = 0x811c9dc5;
  for (const character of text) number = Math.imul(number ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (number >>> 0).toString(36);
}
