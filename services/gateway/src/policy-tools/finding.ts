/** Subject of a finding. */
export type FindingKind =
  | "invalid"
  | "unknown-field"
  | "unknown-claim"
  | "never-carried"
  | "never-together"
  | "deny-can-fail"
  | "scheme-spelling"
  | "scope-substring"
  | "identifier-prefix"
  | "open-to-unsigned";

/** A finding in a policy file. Errors and warnings fail the check, notes do not. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: "error" | "warning" | "note";
  /** 1-based line in the file. */
  readonly line?: number;
  /** `supply-chain-agent rule 1`, or a JSON path for errors of the loader. */
  readonly place: string;
  readonly message: string;
  /** Suggested correction. */
  readonly advice?: string;
}

/** A finding without the rule's location. */
export type RuleFinding = Omit<Finding, "line" | "place">;
