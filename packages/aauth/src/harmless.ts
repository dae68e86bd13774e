/**
 * Wraps an observer so that it cannot affect the observed code: its errors and rejections go to
 * `failed`. Default: they are ignored.
 */
export function harmless<Event extends readonly unknown[]>(
  observer: (...event: Event) => unknown,
  failed: (error: unknown) => void = () => {},
): (...event: Event) => void {
  return (...event) => {
    try {
      Promise.resolve(observer(...event)).catch(failed);
    } catch (error) {
      failed(error);
    }
  };
}

/**
 * Writes the stack of an error to the console, without other members, which may contain a token.
 */
export const logStack = (error: unknown): void => console.error(error instanceof Error ? error.stack : error);
