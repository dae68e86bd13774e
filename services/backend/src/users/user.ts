/** The person behind a request, as the access token names them. */
export interface User {
  /** `sub`: also the `sub` of auth tokens the same auth server issues on this person's behalf. */
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly role: string;
}
