/** A query that cannot be answered. Jaeger's clients show `message`, so it names the parameter. */
export class QueryError extends Error {
  readonly status: 400 | 404;

  constructor(status: 400 | 404, message: string) {
    super(message);
    this.name = "QueryError";
    this.status = status;
  }
}
