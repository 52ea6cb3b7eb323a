// Which row of the page shows which payout. Owns when a row is taken over by another payout instead of being made anew.
// Must not know React or what is shown.

export class Slots {
  private held = new Map<string, number>();
  private made = 0;

  /**
   * A slot for each id, none twice; asked again for the same ids, the same. Who is listed still keeps its own (and with it the focus); where
   * nobody is, the new ones take over the slots in their order: to write other words into fifty rows is much cheaper than to make fifty.
   */
  of(ids: readonly string[]): number[] {
    const free = ids.some((id) => this.held.has(id)) ? [] : [...this.held.values()];
    this.held = new Map(ids.map((id, at) => [id, this.held.get(id) ?? free[at] ?? (this.made += 1)]));
    return ids.map((id) => this.held.get(id) ?? 0);
  }
}
