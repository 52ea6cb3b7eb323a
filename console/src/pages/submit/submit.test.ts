// What is chosen and typed for a batch becomes a request, money as text (CON-09, CON-13).
import { describe, expect, it } from "vitest";
import { bodyOf, EMPTY, EMPTY_ROW, filled, formOf, isSubmitDraft, whyNotYet } from "~/pages/submit/draft";
import { correctionsOf, groupFaults } from "~/pages/submit/faults";
import { previewOf } from "~/pages/submit/preview";

const row = { ...EMPTY_ROW, amount: "9007199254740993.01", payee: "+256772123456" };

describe("typed rows", () => {
  it("are sent with amounts as the text that was typed", () => {
    expect(
      bodyOf({
        ...EMPTY,
        way: "rows",
        currency: "kes",
        rows: [row, EMPTY_ROW, { ...row, payee: "1234567890", reference: "r2" }],
      }),
    ).toEqual({
      rows: [
        { amount: "9007199254740993.01", currency: "KES", recipient_details: { msisdn: "+256772123456" } },
        {
          amount: "9007199254740993.01",
          currency: "KES",
          recipient_details: { account_number: "1234567890" },
          reference: "r2",
        },
      ],
    });
  });
  it("say why they cannot be sent yet", () => {
    const draft = { ...EMPTY, way: "rows" as const };
    expect(whyNotYet(draft, null)).toBe("Type at least one row.");
    expect(whyNotYet({ ...draft, rows: [row] }, null)).toBe("1 of 1 rows need mending.");
    expect(whyNotYet({ ...draft, currency: "KES", rows: [row] }, null)).toBeNull();
    expect(filled([EMPTY_ROW])).toEqual([]);
  });
});

describe("a file", () => {
  it("goes with the fields that were filled, and no others", () => {
    const form = formOf(
      { ...EMPTY, name: " March ", total: "10.50", mapping: { Betrag: "amount" } },
      new File(["a"], "rows.csv"),
    );
    expect([...form.keys()].toSorted()).toEqual(["file", "mapping", "name", "on_invalid_rows", "total"]);
    expect([form.get("name"), form.get("total"), form.get("mapping")]).toEqual(["March", "10.50", '{"Betrag":"amount"}']);
  });
  it("is looked at without being judged", () => {
    expect(previewOf('\ufeffamount;name\r\n1,50;"Doe; ""J"""\r\n2;x\r\n', false)).toEqual({
      header: ["amount", "name"],
      rows: [
        ["1,50", 'Doe; "J"'],
        ["2", "x"],
      ],
      isPart: false,
    });
    expect(previewOf("a,b\n1,2\n3", true)).toEqual({ header: ["a", "b"], rows: [["1", "2"]], isPart: true });
    expect([previewOf("PK\u0003\u0004", false), previewOf("<Document/>", false)]).toEqual([null, null]);
  });
  it("knows its own drafts", () => {
    expect([isSubmitDraft(EMPTY), isSubmitDraft({ amount: "" }), isSubmitDraft(null)]).toEqual([true, false, false]);
  });
});

describe("faults of a file", () => {
  const faults = [
    { pointer: "/rows/16/amount", code: "validation_error", detail: "must be positive", row: "17", column: "Betrag" },
    {
      pointer: "/rows/16/recipient_details/msisdn",
      code: "validation_error",
      detail: "is no number",
      row: "17",
      column: "Phone",
    },
    { pointer: "/rows/3/currency", code: "validation_error", detail: "is unknown", row: "4" },
    { pointer: "/file", code: "ambiguous_number", detail: "can be read two ways" },
  ];
  it("are mended in place, row by row", () => {
    const found = groupFaults(faults);
    expect(found.whole).toEqual(["can be read two ways"]);
    expect(found.rows.map(({ row: number, cells }) => [number, cells.map((cell) => cell.field)])).toEqual([
      [4, ["currency"]],
      [17, ["amount", "msisdn"]],
    ]);
  });
  it("are sent back as text for the cells that were typed", () => {
    expect(correctionsOf({ "17 amount": "1.00", "4 currency": "KES", "17 msisdn": " " })).toEqual({
      rows: [
        { row: 4, cells: { currency: "KES" } },
        { row: 17, cells: { amount: "1.00" } },
      ],
    });
  });
});
