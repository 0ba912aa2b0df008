/** Control characters, halves of characters, line separators, and what changes the direction of text. */
export const NOT_PLAIN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]+/gu;
