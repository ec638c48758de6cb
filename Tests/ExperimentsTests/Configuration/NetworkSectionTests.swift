import Testing

@testable import Experiments

/// The sections `networks` and `dynamics`.
@Suite struct NetworkSectionTests {
    static let mistakes: [(yaml: String, message: String)] = [
        (
            "networks: [{name: a}, {name: a}]", "c.yaml:1: networks.1.name: there is a net 'a' already"
        ),
        (
            "networks: [{name: a/b}]",
            "c.yaml:1: networks.0.name must be a word of letters, digits, '.', '_' and '-', or auto, found 'a/b'"
        ),
        ("networks: [{seeds: [1, 2, 1]}]", "c.yaml:1: networks.0.seeds.2: seed 1 is given twice"),
        (
            "networks: [{width: 0}]",
            "c.yaml:1: networks.0.width must be a whole number of at least 1, or a list of them, found '0'"
        ),
        ("networks: [{attacked: 0.5}]", "c.yaml:1: networks.0.attacked: is read only with adversarial; remove it"),
        (
            "networks:\n  - adversarial: {name: pgd}\n    attacked: 1.5",
            "c.yaml:3: networks.0.attacked: must be at most 1"
        ),
        (
            "networks: [{adversarial: {name: pgd, eps: [0.1, 0.2]}}]",
            "c.yaml:1: networks.0.adversarial.eps: must be one radius here"
        ),
        (
            "networks: [{adversarial: {name: file, path: a.npy}}]",
            "c.yaml:1: networks.0.adversarial.name: points from a file cannot follow a net that is trained"
        ),
        (
            "networks: [{evaluate: {attack: {name: pgd, target: targeted, target_class: 1}}}]",
            "c.yaml:1: networks.0.evaluate.attack.target: must be label or prediction here"
        ),
        (
            "networks: [{centred: true}]",
            "c.yaml:1: networks.0.centred: needs training.loss: mse, whose targets can be moved by f0"
        ),
        (
            "networks: [{centred: true, training: {loss: mse}, adversarial: {name: fgsm}}]",
            "c.yaml:1: networks.0.centred: cannot go with adversarial training, whose points have no fixed f0"
        ),
        (
            "networks: [{centred: true, training: {loss: mse}, linearize: {centred: true}}]",
            "c.yaml:1: networks.0.centred: cannot go with a centred tangent model; remove one of them"
        ),
        (
            "networks: [{training: {epochs: 3}, linearize: {epoch: 4}}]",
            "c.yaml:1: networks.0.linearize.epoch: there is no epoch 4: training has 3"
        ),
        (
            "networks: [{training: {decay_factor: 0.5}}]",
            "c.yaml:1: networks.0.training.decay_factor: is read only with schedule: step; remove it"
        ),
        (
            "networks: [{training: {epochs: 3}, evaluate: {epochs: [0, 4]}}]",
            "c.yaml:1: networks.0.evaluate.epochs.1: there is no epoch 4: training has 3"
        ),
        (
            "networks: [{kernel: {attack: {name: fgsm}}}]",
            "c.yaml:1: networks.0.kernel: compares gradient descent with its limit: set training.loss: mse"
        ),
        (
            "model: {parameterization: standard}\nnetworks: [{training: {loss: mse}, kernel: {attack: {name: fgsm}}}]",
            "c.yaml:2: networks.0.kernel: compares gradient descent with its limit: set parameterization: ntk in the "
                + "net's model"
        ),
        ("dynamics: {top: 5}", "c.yaml:1: dynamics: needs networks"),
        (
            "networks: [{name: wide}]\ndynamics: {networks: [wyde]}",
            "c.yaml:2: dynamics.networks.0: there is no net 'wyde'; did you mean 'wide'?"
        ),
        (
            "networks: [{training: {epochs: 3}}]\ndynamics: {epochs: [5]}",
            "c.yaml:2: dynamics.epochs.0: there is no epoch 5: the training of fc-3 has 3"
        ),
        ("kernel: {type: none}", "c.yaml:1: kernel.type: none leaves nothing to do without networks"),
        (
            "kernel: {type: none}\nnetworks: [{width: 4}]\nsave: [kernels]",
            "c.yaml:3: save: 'kernels' needs a kernel, and kernel.type is none"
        ),
        (
            "kernel: {type: none}\nnetworks: [{width: 4}]\nfeatures: {count: 2}",
            "c.yaml:3: features: needs a kernel, and kernel.type is none"
        ),
    ]

    @Test(arguments: mistakes) func saysWhatIsWrong(yaml: String, message: String) {
        #expect(complaints(yaml) == [message])
    }

    @Test func namesDiffer() throws {
        let configuration = try Configuration.parse(
            """
            model: {preset: conv, depth: 2}
            networks:
              - {width: 8}
              - {width: 16}
              - {adversarial: {name: pgd}, seeds: [0, 2]}
              - {name: conv-2.3, model: {preset: fc, depth: 1}}
            """)
        #expect(configuration.networkNames == ["conv-2", "conv-2.2", "conv-2-adversarial", "conv-2.3"])
        #expect(
            configuration.networkSubjects.map(\.label) == [
                "conv-2", "conv-2.2", "conv-2-adversarial-s0", "conv-2-adversarial-s2", "conv-2.3",
            ])
        // The model of the configuration, unless the item says its own; the range of the data.
        #expect(configuration.networks.map(\.model.label) == ["conv-2", "conv-2", "conv-2", "fc-1"])
        #expect(configuration.networks[2].adversarial?.clip == 0...1)
        let again = try Configuration.parse(configuration.resolved())
        #expect(again.networks == configuration.networks && again.canonical == configuration.canonical)
        #expect(try configuration.networkSummaries().first?.hasPrefix("conv-2: ") == true)
    }

    @Test func moments() {
        var section = DynamicsSection()
        #expect(section.moments(epochs: 2, length: 3) == [0, 3, 6])
        section.epochs = [0, 2]
        section.steps = [1, 6]
        #expect(section.moments(epochs: 2, length: 3) == [0, 1, 6])
    }
}
