// Files: their names, and the reason that goes with those that have payees unmasked (SEC-07).
import { afterEach, describe, expect, it, vi } from "vitest";
import { download, inHeader, nameIn } from "~/api/download";

const fetched = vi.fn<typeof fetch>();
afterEach(() => vi.unstubAllGlobals());

describe("a file", () => {
  it("is asked for with the reason, in any letters", async () => {
    vi.stubGlobal("fetch", fetched.mockResolvedValue(new Response("a;b", { status: 200 })));
    URL.createObjectURL = () => "blob:x";
    await download("/api/v1/batches/x/result/", { merchant: "demo", reason: " проверка " });
    const sent = new Headers(fetched.mock.calls[0]?.[1]?.headers);
    const bytes = Uint8Array.from(sent.get("Payflow-Reason") ?? "", (letter) => letter.charCodeAt(0));
    expect(new TextDecoder().decode(bytes)).toBe("проверка");
    expect(inHeader("the bank asks")).toBe("the bank asks");
  });

  it("is refused with the words of the problem", async () => {
    const problem = { code: "validation_error", title: "Not valid", detail: "The header Payflow-Reason must say why." };
    vi.stubGlobal("fetch", fetched.mockResolvedValue(new Response(JSON.stringify(problem), { status: 400 })));
    await expect(download("/x/", { merchant: "demo" })).rejects.toMatchObject({ parts: { code: "validation_error" } });
  });

  it("has the name that the server gave it", () => {
    expect(nameIn("attachment; filename*=UTF-8''r%C3%A9sultat.csv")).toBe("résultat.csv");
    expect(nameIn('attachment; filename="result.csv"')).toBe("result.csv");
    expect(nameIn(null)).toBeNull();
  });
});
