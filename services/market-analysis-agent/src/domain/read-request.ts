export type AnalysisKind = "inventory-demand" | "market-trends" | "demand-patterns" | "comprehensive";

export interface MarketQuestion {
  readonly kind: AnalysisKind;
  readonly timeframeMonths: 3 | 6 | 12;
}

/** Classifies the request by keywords. An empty text requests the inventory for six months. */
export function readRequest(text: string): MarketQuestion {
  const words = text.toLowerCase();
  return { kind: kindOf(words), timeframeMonths: timeframeOf(words) };
}

function kindOf(words: string): AnalysisKind {
  if (words.includes("forecast") && words.includes("trend")) return "market-trends";
  if (words.includes("model") && words.includes("demand")) return "demand-patterns";
  if (words.includes("comprehensive")) return "comprehensive";
  return "inventory-demand";
}

function timeframeOf(words: string): 3 | 6 | 12 {
  if (words.includes("quarter") || words.includes("3 month")) return 3;
  if (words.includes("year") || words.includes("12 month")) return 12;
  return 6;
}
