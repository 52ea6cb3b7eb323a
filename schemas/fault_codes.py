"""The codes that stand only in `errors[]` of a problem, where one thing of many is wrong: cells, rows and files (BAT-08, ERR-05).

Owns code and meaning; other faults there have codes of `schemas.errors`. A code is never reused for another meaning. Must not know a file.
"""

FAULT_CODES: dict[str, str] = {
    "required": "Something is missing that nothing can stand in for: the rows of a file, say.",
    "header_invalid": "The columns are not named as they must be; the detail says which.",
    "ragged_row": "The row has more or fewer cells than the header.",
    "unreadable_file": "The file cannot be read as what it says it is.",
    "unreadable_row": "The row's bytes cannot be read: quotes that do not close, or no text of its encoding.",
    "ambiguous_number": "The number can be read in two ways, such as 1,000; write it with a point and without separators.",
    "inexact_number": "The cell is a number with more digits than a spreadsheet keeps; format the column as text and enter it again.",
    "cell_error": "The cell holds an error of the spreadsheet's, such as #N/A.",
    "formula_without_value": "The cell is a formula whose value is not in the file.",
    "schema_invalid": "The element is not by the schema of pain.001; the detail says what is wrong with it.",
    "not_yet": "The day asked for is still to come; payouts are sent at once: send the file on that day.",
}
