const dollars = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  maximumFractionDigits: 2,
  trailingZeroDisplay: "stripIfInteger",
});

/** Shown for a figure the agent did not give: the API then says 0, or `TBD` for a text. */
export const notStated = "not stated";

export function formatDollars(amount: number): string {
  return amount === 0 ? notStated : dollars.format(amount);
}

export function formatStatedText(text: string): string {
  return text === "" || text === "TBD" ? notStated : text;
}
