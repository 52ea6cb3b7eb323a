"""The documented forms of ingest's requests and answers: what the generated OpenAPI shows.

Owns words and examples for readers, one module a subject. Requests are read by `domain.intake`, not by these models, so that a fault
has the same code on every channel; a test holds the two together. Must not validate.
"""

from services.ingest.forms.accounts import (
    BankAccountChange,
    BankAccountRequest,
    DepositAmounts,
    SavedAccount,
    Verification,
    VerificationStart,
)
from services.ingest.forms.amounts import Amounts
from services.ingest.forms.answers import FieldFault, Pending, Problem
from services.ingest.forms.batches import (
    Batch,
    BatchRequest,
    BatchStopped,
    Declaration,
    DropRequest,
    RowsAdded,
    RowsRequest,
    SealRequest,
)
from services.ingest.forms.drafts import Draft, DraftPage, DraftRequest, Submitted
from services.ingest.forms.files import (
    ColumnMapping,
    CorrectedRow,
    CorrectionFile,
    Corrections,
    EqualRow,
    Upload,
    UploadErrors,
    UploadForm,
)
from services.ingest.forms.merchants import Credit, CreditRequest, MerchantChange, MerchantRequest, OpenedMerchant
from services.ingest.forms.payouts import (
    CancelRequest,
    Payout,
    PayoutEdit,
    PayoutReplacement,
    PayoutRequest,
    Recipient,
    RowRequest,
)

__all__ = [
    "Amounts",
    "BankAccountChange",
    "BankAccountRequest",
    "Batch",
    "BatchRequest",
    "BatchStopped",
    "CancelRequest",
    "ColumnMapping",
    "CorrectedRow",
    "CorrectionFile",
    "Corrections",
    "Credit",
    "CreditRequest",
    "Declaration",
    "DepositAmounts",
    "Draft",
    "DraftPage",
    "DraftRequest",
    "DropRequest",
    "EqualRow",
    "FieldFault",
    "MerchantChange",
    "MerchantRequest",
    "OpenedMerchant",
    "Payout",
    "PayoutEdit",
    "PayoutReplacement",
    "PayoutRequest",
    "Pending",
    "Problem",
    "Recipient",
    "RowRequest",
    "RowsAdded",
    "RowsRequest",
    "SavedAccount",
    "SealRequest",
    "Submitted",
    "Upload",
    "UploadErrors",
    "UploadForm",
    "Verification",
    "VerificationStart",
]
