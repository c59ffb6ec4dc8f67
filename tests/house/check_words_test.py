#!/usr/bin/env python3
"""The check of words finds what it is there for: planted digits, promises that nothing keeps, and a list that is out of date."""
import importlib.machinery
import importlib.util
import json
import os
import sys
import unittest
import unittest.mock

TOOLS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools")
sys.path.insert(0, TOOLS)
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("check_words", os.path.join(TOOLS, "check_words"))
spec = importlib.util.spec_from_loader("check_words", loader)
words = importlib.util.module_from_spec(spec)
loader.exec_module(words)
import house  # noqa: E402  (it lies beside the check)

CATALOGUE = """
const en = {
  /** A comment's apostrophe. */
  plain: 'Back',
  nested: { kept: 'Your place is kept.', 'with.dots': "It’s here" } as Record<string, string>,
  list: ['One', 'Kept for 5 days'],
  made: (count: number, left: string) => (count === 1 ? `One ${left}` : `${String(count)} left ${left === '' ? 'destroyed' : `and ${left}`}.`),
};

const nl: typeof en = {
  plain: 'Terug',
  nested: { kept: 'Uw plaats wordt vrijgehouden.', 'with.dots': 'Hier' },
  list: ['Een', 'Vijf dagen'],
  made: (count, left) => `${String(count)} ${left}`,
};
export const someWords = catalogue(en, nl);
"""


def catalogue(text=CATALOGUE):
    return words.Catalogue("some/words.ts", text).found


def judged(found, promises=(), digits=None, no_promise=None):
    return words.judge(found, {"promises": list(promises), "digits": digits or {}, "no_promise": no_promise or {}})


A_TEST = "src/meeting/meeting_test.cpp#Notice.FaultB8"


def kept(*texts, by=("tools/house.py#report",), tests=(A_TEST,), why="It is."):
    return {"texts": list(texts), "kept_by": list(by), "tests": list(tests), "why": why}


class CheckWords(unittest.TestCase):
    def test_reads_every_text_of_a_catalogue_with_key_and_line(self):
        found = {(text.key, text.words): text.line for text in catalogue()}
        self.assertEqual(found[("plain", "Back")], 4)
        self.assertEqual(found[("nested.kept", "Uw plaats wordt vrijgehouden.")], 12)
        self.assertIn(("nested.with.dots", "It’s here"), found)
        self.assertIn(("list", "Kept for 5 days"), found)
        self.assertIn(("made", "One …"), found)
        self.assertIn(("made", "… left …."), found)
        self.assertIn(("made", "destroyed"), found)
        self.assertIn(("made", "and …"), found)

    def test_a_digit_outside_a_placeholder_is_a_fault_and_one_within_is_none(self):
        faults = [fault for fault in judged(catalogue()) if "digit" in fault]
        self.assertEqual(len(faults), 1)
        self.assertTrue(faults[0].startswith("some/words.ts:6: "), faults[0])
        self.assertIn("Kept for 5 days", faults[0])
        self.assertEqual([f for f in judged(catalogue(), digits={"some/words.ts list": "a test"}) if "digit" in f], [])
        self.assertTrue(judged(catalogue(), digits={"some/words.ts list": " "}))
        self.assertTrue(any("no text" in f for f in judged(catalogue(), digits={"some/words.ts gone": "a test"})))

    def test_a_promise_that_nothing_is_named_for_is_a_fault_in_both_languages(self):
        faults = [fault for fault in judged(catalogue()) if "names nothing" in fault]
        self.assertEqual(sorted(fault.split(":")[1] for fault in faults), ["12", "5", "6", "7"])
        all_named = [kept("some/words.ts nested.kept", "some/words.ts list", "some/words.ts made")]
        self.assertEqual(judged(catalogue(), all_named, {"some/words.ts list": "a test"}), [])

    def test_each_promise_word_counts(self):
        for word in ["kept", "destroyed", "on hold", "held", "a backup", "back-ups", "encrypted", "recorded", "good", "verified", "secure", "deleted",
                     "guaranteed", "private", "bewaard", "vernietigd", "vastgehouden", "reservekopieën", "versleuteld", "opgenomen", "goed", "gecontroleerd",
                     "veilig", "verwijderd", "gegarandeerd", "privé", "sent", "gone", "stays", "stay", "removes", "removed", "remembers", "refuses",
                     "refused", "verstuurd", "gestuurd", "weg", "blijft", "verwijdert", "onthoudt", "weigert", "geweigerd"]:
            text = words.Text("some/words.ts", "key", 1, f"It is {word}.")
            self.assertEqual(len(judged([text])), 1, word)
        for word in ["recording", "goods", "holder", "keyboard", "Security", "sentence", "wegen", "remote"]:
            self.assertEqual(judged([words.Text("some/words.ts", "key", 1, word)]), [], word)

    def test_what_keeps_it_must_exist(self):
        text = [words.Text("some/words.ts", "key", 1, "It is kept.")]
        self.assertEqual(judged(text, [kept("some/words.ts key")]), [])
        for place in ["tools/gone.py#report", "tools/house.py#reported", "tools/house.py", "tools/house.py#"]:
            self.assertTrue(judged(text, [kept("some/words.ts key", by=[place])]), place)
        self.assertTrue(judged(text, [kept("some/words.ts key", by=[])]))
        self.assertTrue(judged(text, [kept("some/words.ts key", why="")]))
        # A name that stands in a comment alone is not there.
        with unittest.mock.patch.object(house, "read", return_value="// report in a comment\nlet other = 'https://report.example';\n/* report */"):
            self.assertTrue(words.symbol_fault("tools/house.py#comment"))
            self.assertIsNone(words.symbol_fault("tools/house.py#other"))
            self.assertIsNone(words.symbol_fault("tools/house.py#report"))

    def test_the_test_that_holds_it_must_exist(self):
        text = [words.Text("some/words.ts", "key", 1, "It is kept.")]
        for place in [A_TEST, "tests/e2e/cases/46_promises.mjs#fault B8: nothing is promised", "web/src/features/join/token.test.ts#fault D1: a link is read"]:
            self.assertEqual(judged(text, [kept("some/words.ts key", tests=[place])]), [], place)
        for place in ["src/meeting/meeting_test.cpp#Notice.Gone", "src/meeting/meeting_test.cpp", "src/meeting/meeting_test.cpp#", "src/meeting/gone_test.cpp#Notice.FaultB8",
                      "src/meeting/notice.cpp#make_notice", "tests/e2e/lib/story.mjs#logIn", "tests/e2e/cases/46_promises.mjs#notice"]:
            self.assertTrue(judged(text, [kept("some/words.ts key", tests=[place])]), place)
        self.assertTrue(judged(text, [kept("some/words.ts key", tests=[])]))

    def test_what_is_no_promise_says_why(self):
        text = [words.Text("some/words.ts", "key", 1, "It was refused."), words.Text("some/words.ts", "plain", 2, "Back")]
        self.assertEqual(judged(text, no_promise={"some/words.ts key": "of what has happened"}), [])
        self.assertTrue(judged(text, no_promise={"some/words.ts key": " "}))
        self.assertTrue(judged(text, no_promise={"some/words.ts key": "a test", "some/words.ts plain": "a test"}))
        self.assertTrue(judged(text, no_promise={"some/words.ts key": "a test", "some/words.ts gone": "a test"}))
        self.assertTrue(any("twice" in f for f in judged(text, [kept("some/words.ts key")], no_promise={"some/words.ts key": "a test"})))

    def test_a_list_that_is_out_of_date_is_a_fault(self):
        text = [words.Text("some/words.ts", "key", 1, "It is kept."), words.Text("some/words.ts", "plain", 2, "Back")]
        mine = kept("some/words.ts key")
        self.assertTrue(any("no text" in f for f in judged(text, [mine, kept("some/words.ts gone")])))
        self.assertTrue(any("promises nothing" in f for f in judged(text, [mine, kept("some/words.ts plain")])))
        self.assertTrue(any("twice" in f for f in judged(text, [mine, mine])))

    def test_components_notices_and_types_are_read_as_well(self):
        markup = "<script>\nconst a = 'kept 7 years';\n</script>\n<p class=\"x5\">{words.kept}</p>\n<p aria-label=\"Kept\">All is destroyed {after(7)}</p>\n<style>p { top: 1px; }</style>"
        found = words.component("some/Page.svelte", markup)
        self.assertEqual({(text.words, text.line) for text in found}, {("Kept", 5), ("All is destroyed", 5)})
        source = '#include "kept 7 years"\n// "kept 7 years" in a comment\nnotice.kept = keep +\n  "Kept 7 years "\n  "and destroyed";\n'
        self.assertEqual([(text.words, text.line) for text in words.literals("some/notice.cpp", source)], [("Kept 7 years and destroyed", 4)])
        told = words.document("some/type.json", json.dumps({"notice": {"why": {"value": {"en": "Kept", "nl": "Bewaard"}}}, "entry": {"n": 7}}))
        self.assertEqual([(text.key, text.words) for text in told], [("notice.why", "Kept"), ("notice.why", "Bewaard")])

    def test_the_texts_of_today_are_found(self):
        found = words.texts()
        files = {text.file for text in found}
        for file in house.files("web/src/features", "words.ts"):
            self.assertIn(file, files)
        self.assertIn("src/meeting/notice.cpp", files)
        self.assertGreater(len(found), 1000)


if __name__ == "__main__":
    unittest.main()
