// The words of a story: who must act, whether money moved, whether paying again is safe (TML-02, LIF-19). Owns them; the sentences
// themselves are the server's. Must not draw.
const WHO: Record<string, string> = {
  nobody: "nobody: it goes on by itself",
  operator: "an operator",
  merchant: "the merchant",
  payee: "the payee",
  provider: "the provider",
};
const MOVED: Record<string, string> = {
  no: "no money has reached the payee",
  unknown: "not known",
  yes: "the payee has the money",
  returned: "it reached the payee and came back",
};

/** Who has to do something; `ended`: nothing is to come, so nothing goes on. */
export function whoActs(who: string, ended: boolean): string {
  return who === "nobody" && ended ? "nobody" : (WHO[who] ?? who);
}

/** `many`: of a batch, some of whose rows may have been paid and others not. */
export function moneyMoved(moved: string, many: boolean): string {
  return many && moved === "yes" ? "the rows that were paid have reached their payees" : (MOVED[moved] ?? moved);
}

export function payAgain(isSafe: boolean): string {
  return isSafe ? "safe: it cannot pay twice" : "not safe: it could pay twice";
}
