/** Laptops of approved vendors that can be ordered. Prices in US dollars. */
export const CATALOGUE = [
  { model: "MacBook Pro", vendor: "Apple", unitPrice: 2500 },
  { model: "MacBook Air", vendor: "Apple", unitPrice: 1500 },
  { model: "Dell XPS", vendor: "Dell", unitPrice: 2000 },
  { model: "HP EliteBook", vendor: "HP", unitPrice: 2000 },
] as const;

export type Laptop = (typeof CATALOGUE)[number];

export function findLaptop(model: string): Laptop | undefined {
  return CATALOGUE.find((laptop) => laptop.model === model);
}
