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
  const lifetime = secondsUntil(expires, headers, nowSeconds);
  return Number.isNaN(lifetime) ? 0 : lifetime;
}

/** An HTTP date, also in its two obsolete forms (RFC 9110 section 5.6.7). */
const HTTP_DATE =
  /^(?:[A-Z][a-z]+, [\w -]{9,11} [\d:]{8} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4})$/;

/** The value of `Retry-After`; a date (RFC 9110 section 10.2.3) is converted to seconds. */
export function retryAfterOf(headers: Headers, nowSeconds: number): string | null {
  const value = headers.get("retry-after");
  if (value === null || !HTTP_DATE.test(value)) return value;
  // The third form, without a zone, would be read as local time.
  const date = value.endsWith("GMT") ? value : `${value} GMT`;
  return String(Math.max(0, secondsUntil(date, headers, nowSeconds)));
}

/** Seconds from `Date` of a response, so that its sender's clock does not matter, to a date. */
function secondsUntil(date: string, headers: Headers, nowSeconds: number): number {
  const sent = Date.parse(headers.get("date") ?? "");
  return Date.parse(date) / 1000 - (Number.isNaN(sent) ? nowSeconds : sent / 1000);
}
