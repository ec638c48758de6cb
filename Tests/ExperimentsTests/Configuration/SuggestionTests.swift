import Testing

@testable import Experiments

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("", "", 0), ("", "ab", 2), ("kitten", "sitting", 3), ("pdg", "pgd", 1), ("train", "trian", 1),
        ("abc", "abc", 0),
    ])
    func distance(a: String, b: String, expected: Int) {
        #expect(Suggestion.distance(a, b) == expected)
        #expect(Suggestion.distance(b, a) == expected)
    }

    @Test func closest() {
        #expect(Suggestion.closest(to: "W_STD", in: ["b_std", "W_std"]) == "W_std")
        #expect(Suggestion.closest(to: "colour", in: ["type", "test_test"]) == nil)
        #expect(Suggestion.closest(to: "x", in: []) == nil)
    }
}
