/**
 * Freshness lifetime of a response in seconds (RFC 9111 section 4.2.1): `max-age` or `Expires`,
 * minus `Age`. 0 if it must not be stored, or must be revalidated; undefined without valid
 * information.
 *
 * @param nowSeconds Unix seconds
 */
export function freshSeconds(headers: Headers, nowSeconds: number): number | undefined {
  const directives = (headers.get("cache-control") ?? "").toLowerCase();
  if (/(?:^|[\s,])no-(?:store|cache)(?=$|[\s,=])/.test(directives)) return 0;
  const maxAge = /(?:^|[\s,])max-age="?(\d{1,9})/.exec(directives)?.[1];
  const lifetime = maxAge === undefined ? untilExpiry(headers, nowSeconds) : Number(maxAge);
  if (lifetime === undefined) return undefined;
  const age = Number(/^\d{1,9}$/.exec(headers.get("age") ?? "")?.[0] ?? 0);
  return Math.max(0, lifetime - age);
}

/** Seconds until `Expires`. An invalid date has passed (RFC 9111 section 5.3). */
function untilExpiry(headers: Headers, nowSeconds: number): number | undefined {
  const expires = headers.get("expires");
  if (expires === null) return undefined;
  const sent = Date.parse(headers.get("date") ?? "");
  const lifetime = Date.parse(expires) / 1000 - (Number.isNaN(sent) ? nowSeconds : sent / 1000);
  return Number.isNaN(lifetime) ? 0 : lifetime;
}
