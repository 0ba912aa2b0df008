/** Input from outside (control API, options) that is refused; the message says what was wrong and what is allowed. */
export class InputError extends TypeError {
  override readonly name = 'InputError';
}
