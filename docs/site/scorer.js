// What the search shows first: Sphinx counts words alike wherever they stand, so pages that explain
// how to do something come before lists, stories of changes and single experiments.  Inserted into
// the search by `html_search_scorer` in conf.py.
var KINDS = [
  [/^(how-to|tutorial|pictures|your-data)$/, 5],
  [/^CHANGELOG|^tests\//, -10],
  [/^experiments\//, -10],
  [/^(api|notebooks)\//, -3],
  [/^(architecture|contributing|performance|benchmarks|peers)$/, -4],
  [/^/, 3],
];
var Scorer = {
  score: (result) => result[4] + KINDS.find(([pages]) => pages.test(result[0]))[1],
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
