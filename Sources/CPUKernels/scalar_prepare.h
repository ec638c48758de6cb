// What is known of each input alone: its norm, its split along the direction, its variance at every step.
// Included by scalar.h, for one precision.

#define MAXIMUM_SLOTS 7

typedef double wide __attribute__((ext_vector_type(8)));
typedef double unaligned_wide __attribute__((ext_vector_type(8), aligned(8)));
typedef scalar narrow __attribute__((ext_vector_type(8), aligned(sizeof(scalar))));

// The sum of the lanes, in a fixed order.
STEP void add_wide(const wide *v, acc *sum) {
    *sum += (((*v)[0] + (*v)[4]) + ((*v)[2] + (*v)[6])) + (((*v)[1] + (*v)[5]) + ((*v)[3] + (*v)[7]));
}

// <x, x> and <x, v>.
STEP void products_of(const scalar *x, const acc *direction, size_t count, acc *x_x, acc *x_v) {
    wide squares = 0, sums = 0;
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        wide v = __builtin_convertvector(*(const narrow *)(x + i), wide);
        squares += v * v;
        sums += v * *(const unaligned_wide *)(direction + i);
    }
    *x_x = *x_v = 0;
    add_wide(&squares, x_x);
    add_wide(&sums, x_v);
    for (; i < count; i++) *x_x += (acc)x[i] * x[i], *x_v += x[i] * direction[i];
}

// w = x inverse − share v.
STEP void centre(const scalar *x, const acc *direction, size_t count, acc inverse, acc share, scalar *w) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        wide v = __builtin_convertvector(*(const narrow *)(x + i), wide);
        v = v * inverse - share * *(const unaligned_wide *)(direction + i);
        *(narrow *)(w + i) = __builtin_convertvector(v, narrow);
    }
    for (; i < count; i++) w[i] = (scalar)(x[i] * inverse - share * direction[i]);
}

static void fill_slots(const ntk_program *program, acc q, scalar *slots, size_t stride) {
    variance stack[NTK_DEPTH];
    variance *v = stack;
    *v = (variance){q, 1};
    for (size_t i = 0; i < program->count; i++) {
        const ntk_step *step = &program->steps[i];
        const acc *p = step->parameters;
        acc slot[MAXIMUM_SLOTS];
        int filled = 0;
        switch (step->opcode) {
        case NTK_DENSE: dense_variance(v, slot, p), filled = 3; break;
        case NTK_ABRELU: abrelu_variance(v, slot, p), filled = 1; break;
        case NTK_ERF: erf_variance(v, slot, p), filled = 7; break;
        case NTK_GELU: gelu_variance(v, slot, p), filled = 7; break;
        case NTK_LAYER_NORM: layer_norm_variance(v, slot, p), filled = 1; break;
        case NTK_FORK: v[1] = v[0], v++; break;
        case NTK_EXCHANGE: {
            variance main = v[0];
            v[0] = v[-1];
            v[-1] = main;
            break;
        }
        case NTK_JOIN:
            join_variance(v, v - 1, slot), filled = 3;
            v[-1] = v[0];
            v--;
            break;
        case NTK_CONV: break;
        }
        for (int s = 0; s < filled; s++) slots[(step->slot + s) * stride] = (scalar)slot[s];
    }
    acc slot[2];
    readout_variance(v, slot);
    for (int s = 0; s < 2; s++) slots[(program->readout + s) * stride] = (scalar)slot[s];
}

CLONES void NAME(ntk_prepare)(const ntk_program *program, const scalar *x, size_t begin, size_t end,
                              const inputs_t *inputs) {
    size_t d = program->dimension;
    for (size_t i = begin; i < end; i++) {
        const scalar *from = x + i * d;
        scalar *w = inputs->centred + i * d;
        acc square, x_v, w_w, w_v;
        products_of(from, program->direction, d, &square, &x_v);
        acc norm = __builtin_sqrt(square);
        acc inverse = norm > 0 ? 1 / norm : 0;
        scalar share = (scalar)(x_v * inverse);
        centre(from, program->direction, d, inverse, share, w);
        products_of(w, program->direction, d, &w_w, &w_v);
        scalar *start = inputs->start + i;
        start[START_NORM * inputs->stride] = (scalar)norm;
        start[START_SHARE * inputs->stride] = share;
        start[START_REST * inputs->stride] = (scalar)w_v;
        start[START_HALF * inputs->stride] = (scalar)(w_w / 2);
        fill_slots(program, square / (acc)d, inputs->slots + i, inputs->stride);
    }
}
