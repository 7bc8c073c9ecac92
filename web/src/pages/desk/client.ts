// What a client is called where they gave no name.

import type { Chat } from "../../api/types";

export function nameOf({ name, phone }: Chat["client"]): string {
  const said = name?.trim() ?? "";
  if (said !== "") return said;
  return phone === null ? "·" : phoneOf(phone);
}

/** `+52 55 1000 0001`: digits in groups, so that a number can be read out. */
export function phoneOf(phone: string): string {
  const digits = phone.replace(/\D/g, "");
  if (digits.length < 8) return phone;
  const [country, rest] = digits.startsWith("1") || digits.startsWith("7") ? [digits.slice(0, 1), digits.slice(1)] : [digits.slice(0, 2), digits.slice(2)];
  return `+${country} ${rest.slice(0, -8)} ${rest.slice(-8, -4)} ${rest.slice(-4)}`.replace(/\s+/g, " ");
}
