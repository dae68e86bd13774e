/**
 * Failures of a call that a person resolves at a page.
 *
 * @module
 */

import { AAuthAgentError } from "../errors.ts";

/**
 * The user must consent. Send the browser to `consentUrl`, then redeem the code that it returns.
 */
export class ConsentRequiredError extends AAuthAgentError {
  override readonly name: string = "ConsentRequiredError";
  /** The auth server's page, with request token and state. */
  readonly consentUrl: string;
  readonly requestToken: string;
  /** Issuer identifier of the auth server that redeems the code. */
  readonly authServer: string;
  /** Seconds until the request token expires. */
  readonly expiresInSeconds: number;
  /** The agent's key that must redeem the code (profile 4.6), even after a rotation. */
  readonly keyThumbprint: string | undefined;

  constructor(options: {
    consentUrl: string;
    requestToken: string;
    authServer: string;
    expiresInSeconds: number;
    keyThumbprint?: string;
  }) {
    super("consent_required", "the auth server requires the user's consent");
    this.consentUrl = options.consentUrl;
    this.requestToken = options.requestToken;
    this.authServer = options.authServer;
    this.expiresInSeconds = options.expiresInSeconds;
    this.keyThumbprint = options.keyThumbprint;
  }
}

/**
 * The resource requires an interaction with the user. Send the browser to `interactionUrl`. After
 * it has returned to the return URL, repeat the request with the same key (profile 3.5).
 */
export class UserInteractionRequiredError extends AAuthAgentError {
  override readonly name: string = "UserInteractionRequiredError";
  /** The resource's page, with the return URL. */
  readonly interactionUrl: string;
  /** Identifier of the resource, whose origin the URL has. */
  readonly resource: string;
  /**
   * The agent's key with which to repeat the request (`keyThumbprint` of the call), even after a
   * rotation.
   */
  readonly keyThumbprint: string | undefined;

  constructor(options: { interactionUrl: string; resource: string; keyThumbprint?: string }) {
    super("user_interaction_required", "the resource requires a user interaction first");
    this.interactionUrl = options.interactionUrl;
    this.resource = options.resource;
    this.keyThumbprint = options.keyThumbprint;
  }
}
