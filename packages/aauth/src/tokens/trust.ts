/** Trusted identifiers: a list, or a predicate. */
export type TrustPolicy = readonly string[] | ((id: string) => boolean);

/** Compares exactly, without prefixes or normalisation. */
export function trusts(policy: TrustPolicy, id: string): boolean {
  return typeof policy === "function" ? policy(id) : policy.includes(id);
}
