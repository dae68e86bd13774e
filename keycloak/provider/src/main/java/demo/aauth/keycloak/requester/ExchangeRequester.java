package demo.aauth.keycloak.requester;

import demo.aauth.keycloak.signing.Requester;
import demo.aauth.keycloak.tokens.AuthToken;

/** A requester that presented the auth token that it was called with. */
public record ExchangeRequester(Requester requester, AuthToken upstream) {
}
