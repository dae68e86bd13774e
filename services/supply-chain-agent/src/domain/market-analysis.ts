/** What became of the question to the market-analysis agent. */
export type MarketAnalysis =
  | { readonly status: "not-asked" }
  | {
      readonly status: "answered";
      readonly text: string;
      /**
       * The answer's data part, as it came: it is passed on and not read here. Absent from agents
       * that answer in text only.
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
  /** Stable code to search for: an AAuth error code, or one for the network. */
  readonly code: string;
  /** Section of the specification, where the error names one. */
  readonly section?: string | undefined;
  readonly message: string;
}
