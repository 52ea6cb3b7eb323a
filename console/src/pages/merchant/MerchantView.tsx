// A merchant (CON-12): balances, accounts, history of payouts, credits and debits; every entry can be reached, not only the first 50.
// Owns the page's order. Must not add money up: balances are the server's.
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { balanceQuery, merchantsQuery, ofMerchant } from "~/api/reads";
import { asRead, fromViews } from "~/freshness/source";
import { useRefreshed } from "~/live/refresh";
import { Money } from "~/parts/Money";
import { Panel } from "~/parts/Panel";
import { PaymentForm } from "~/pages/payments/PaymentForm";
import { PayoutHistory } from "~/pages/merchant/PayoutHistory";
import { LedgerList } from "~/pages/merchant/LedgerList";
import { useMerchant } from "~/place/merchant";

const route = getRouteApi("/merchant");

export function MerchantView() {
  const merchant = useMerchant();
  const { tab = "history" } = route.useSearch();
  const navigate = route.useNavigate();
  useRefreshed(
    merchant,
    ["balance", "ledger"].map((part) => [...ofMerchant(merchant), part]),
  );
  return (
    <>
      <header className="page-head">
        <h1 className="page-title">Merchant {merchant}</h1>
      </header>
      <div className="columns">
        <Balances merchant={merchant} />
        <Accounts merchant={merchant} />
      </div>
      <PaymentForm
        key={merchant}
        merchant={merchant}
        onDrafted={(draft) => void navigate({ to: "/payments", search: { draft } })}
      />
      <nav className="tabs" aria-label="What is listed">
        <Link className={tab === "history" ? "tab active" : "tab"} to="/merchant" search={{ tab: "history" }}>
          Payouts
        </Link>
        <Link className={tab === "ledger" ? "tab active" : "tab"} to="/merchant" search={{ tab: "ledger" }}>
          Credits and debits
        </Link>
      </nav>
      {tab === "history" ? <PayoutHistory merchant={merchant} /> : <LedgerList merchant={merchant} />}
    </>
  );
}

function Balances({ merchant }: { merchant: string }) {
  const balance = useQuery(balanceQuery(merchant));
  return (
    <Panel title="Balances" query={balance} source={(data) => fromViews(data, balance.dataUpdatedAt)}>
      {(data) => (
        <div className="table-room" tabIndex={0} role="group" aria-label="Balances">
          <table className="table">
            <caption className="hidden">Balances per currency</caption>
            <thead>
              <tr>
                {["Available", "Held", "Total"].map((name) => (
                  <th key={name} scope="col" className="right">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {data.balances.map((one) => (
                <tr key={one.currency}>
                  {(["available", "held", "total"] as const).map((name) => (
                    <td key={name} className="right" data-label={name}>
                      <Money amount={one[name]} currency={one.currency} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function Accounts({ merchant }: { merchant: string }) {
  const merchants = useQuery(merchantsQuery);
  return (
    <Panel
      title="Bank accounts"
      query={merchants}
      source={() => asRead(merchants.dataUpdatedAt, "views")}
      isEmpty={(data) => !data.results.find((one) => one.id === merchant)?.bank_accounts.length}
      empty="No saved bank account."
    >
      {(data) => (
        <ul className="plain-list stack">
          {data.results
            .find((one) => one.id === merchant)
            ?.bank_accounts.map((account) => (
              <li key={account.id} className="row">
                <span className="strong">{account.holder}</span>
                <span className="figures">{account.account_number}</span>
                <span className="faint">
                  {account.bank_name ?? account.ifsc ?? account.type}, {account.verified ? "verified" : "not verified"}
                  {account.primary ? ", primary" : ""}
                </span>
              </li>
            ))}
        </ul>
      )}
    </Panel>
  );
}
