/**
 * Reasons to refuse a whole export request, with the HTTP status and the gRPC status code of OTLP's
 * response.
 */
const REFUSALS = {
  invalid_json: { status: 400, rpcCode: 3 },
  invalid_protobuf: { status: 400, rpcCode: 3 },
  invalid_request: { status: 400, rpcCode: 3 },
  invalid_gzip: { status: 400, rpcCode: 3 },
  body_too_large: { status: 413, rpcCode: 8 },
  unsupported_media_type: { status: 415, rpcCode: 3 },
  unsupported_encoding: { status: 415, rpcCode: 3 },
} as const;

export type OtlpErrorCode = keyof typeof REFUSALS;

/**
 * A refusal. Its message begins with its code, because a gRPC status has no other member for it.
 */
export class OtlpError extends Error {
  readonly code: OtlpErrorCode;
  readonly status: number;
  readonly rpcCode: number;

  constructor(code: OtlpErrorCode, detail: string) {
    super(`${code}: ${detail}`);
    this.name = "OtlpError";
    this.code = code;
    this.status = REFUSALS[code].status;
    this.rpcCode = REFUSALS[code].rpcCode;
  }
}
