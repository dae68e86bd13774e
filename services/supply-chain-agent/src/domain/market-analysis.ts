/** Outcome of the question to the market-analysis agent. */
export type MarketAnalysis =
  | { readonly status: "not-asked" }
  | {
      readonly status: "answered";
      readonly text: string;
      /**
       * The answer's data part, passed on without being read. Absent from agents that answer in
       * text only.
       */
      readonly figures?: unknown;
    }
  | { readonly status: "failed"; readonly failure: MarketAnalysisFailure };

export interface MarketAnalysisFailure {
  readonly reason:
    | "token exchange failed"
    | "token exchange not possible"
    | "token request failed"
    | "consent required"
    | "request failed";
  /** The connection that failed, `from -> to`. */
  readonly hop: string;
  /** Stable code to search for: an AAuth error code or a network code. */
  readonly code: string;
  /** Section of the specification, if the error names one. */
  readonly section?: string | undefined;
  readonly message: string;
}
