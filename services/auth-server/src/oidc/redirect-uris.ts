import type { RealmClient } from "../realm/realm.ts";

/**
 * Keycloak's rule for `redirectUris`: exact, or a prefix that ends in `/*`. The prefix form also admits the URL without the slash.
 * The URI has to be written the way the URL parser writes it: what is compared is then what the browser will go to (no `..`,
 * backslash, user info or other spelling of the host).
 */
export function redirectUriAllowed(client: RealmClient, uri: string): boolean {
  return matchesAny(client.redirectUris, uri);
}

/** `post.logout.redirect.uris`: a list separated by `##`, where `+` stands for the redirect URIs. */
export function postLogoutRedirectUriAllowed(client: RealmClient, uri: string): boolean {
  const listed = client.attributes["post.logout.redirect.uris"]?.split("##") ?? [];
  return matchesAny(
    listed.flatMap((entry) => (entry === "+" ? client.redirectUris : [entry])),
    uri,
  );
}

function matchesAny(patterns: readonly string[], uri: string): boolean {
  const url = URL.parse(uri);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    return false;
  if (url.href !== uri && url.href !== `${uri}/`) return false;
  if (uri.includes("#")) return false;
  return patterns.some((pattern) => {
    if (!pattern.endsWith("/*")) return pattern === uri;
    const directory = pattern.slice(0, -1);
    return uri.startsWith(directory) || uri === directory.slice(0, -1);
  });
}
