/** The market-analysis agent was reached, and its answer is of no use. */
export class MarketAnalysisCallError extends Error {
  override readonly name = "MarketAnalysisCallError";
  /** `http_<status>` or `answer_not_a_message`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
