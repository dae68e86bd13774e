/** A request as it is on the wire. */
export interface Message {
  readonly method: string;
  /** Host that the sender addressed, in lower case, with a port only if it is not the default. */
  readonly authority: string;
  /** Host of the target, if the message is addressed to another. */
  readonly address?: string | undefined;
  /** Path and query as sent. */
  readonly target: string;
  /** Names in lower case, one entry for each line. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Undefined for none. */
  readonly body: string | undefined;
}

/** Value of a field, its lines joined; undefined without the field. */
export function fieldOf({ fields }: Pick<Message, "fields">, name: string): string | undefined {
  const lines = fields.filter(([own]) => own === name).map(([, value]) => value.trim());
  return lines.length === 0 ? undefined : lines.join(", ");
}
