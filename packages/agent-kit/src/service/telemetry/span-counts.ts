/** What has become of the spans so far. Those in neither number are still on their way. */
export interface SpanCounts {
  readonly exported: number;
  /** Given up: the collector is away, slow or refuses them. */
  readonly dropped: number;
}
