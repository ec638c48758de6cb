import Testing

@testable import Scheduling

@Suite struct ProgressLineTests {
    private let line = ProgressLine(label: "gram")

    @Test func rateAndTimeLeft() {
        #expect(
            line.text(done: 34, total: 55, work: 61.5e6, totalWork: 98.4e6, seconds: 5)
                == "gram 34/55 tiles · 12.3 M pairs/s · 3 s left")
    }

    @Test func nothingDoneYet() {
        #expect(line.text(done: 0, total: 55, work: 0, totalWork: 1e6, seconds: 2) == "gram 0/55 tiles")
    }

    @Test func allDone() {
        #expect(
            line.text(done: 55, total: 55, work: 1e6, totalWork: 1e6, seconds: 250)
                == "gram 55/55 tiles · 4.00 k pairs/s · 4 min 10 s")
    }

    @Test func otherNouns() {
        #expect(
            ProgressLine(label: "attack pgd", item: "steps", unit: "points")
                .text(done: 1, total: 2, work: 10, totalWork: 20, seconds: 1)
                == "attack pgd 1/2 steps · 10.0 points/s · 1 s left")
    }

    @Test(arguments: [
        (0.0, "0.00 "), (9.99, "9.99 "), (9.996, "10.0 "), (99.96, "100 "), (999.4, "999 "), (999.6, "1.00 k "),
        (12_345_678, "12.3 M "), (1.05e9, "1.05 G "), (2e18, "2000 P "),
    ])
    func quantities(value: Double, text: String) {
        #expect(ProgressLine.quantity(value) == text)
    }

    @Test(arguments: [
        (0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (250, "4 min 10 s"), (7500, "2 h 5 min"), (7200, "2 h"),
        (.infinity, "long"), (-1, "0 s"),
    ])
    func durations(seconds: Double, text: String) {
        #expect(ProgressLine.duration(seconds) == text)
    }
}
