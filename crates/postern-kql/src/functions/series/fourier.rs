//! `series_fft`, `series_ifft`: a series in the domain of frequencies and back.

use std::f64::consts::TAU;

use super::{read, write};
use crate::functions::support::build;
use crate::functions::support::define::{Scalar, call, example, info, optional, param};
use crate::functions::support::json::ArrayText;
use crate::functions::{BindError, BoundExpr, Param};
use crate::types::KqlType::Dynamic;

/// Series up to this length are transformed by the definition, which loses the least precision.
const SHORT: usize = 64;

/// The longest series that is transformed.
const LONGEST: usize = 1 << 18;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Complex {
    re: f64,
    im: f64,
}

impl Complex {
    /// The point after `part` of `whole` turns about the unit circle; quarters are exact.
    fn turn(part: usize, whole: usize, sign: f64) -> Self {
        let whole = whole.max(1);
        let part = part % whole;
        let (re, im) = match (4 * part) / whole {
            0 if part == 0 => (1.0, 0.0),
            1 if 4 * part == whole => (0.0, 1.0),
            2 if 2 * part == whole => (-1.0, 0.0),
            3 if 4 * part == 3 * whole => (0.0, -1.0),
            _ => {
                let angle = TAU * part as f64 / whole as f64;
                (angle.cos(), angle.sin())
            }
        };
        Self { re, im: sign * im }
    }

    fn times(self, other: Self) -> Self {
        Self { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }

    fn plus(self, other: Self) -> Self {
        Self { re: self.re + other.re, im: self.im + other.im }
    }

    fn minus(self, other: Self) -> Self {
        Self { re: self.re - other.re, im: self.im - other.im }
    }
}

/// The transform with `exp(sign · 2πi · j · k / n)`, not divided by the length.
fn transform(values: &[Complex], sign: f64) -> Vec<Complex> {
    let n = values.len();
    if n <= SHORT {
        let at = |k: usize| {
            values
                .iter()
                .enumerate()
                .fold(Complex::default(), |sum, (j, v)| sum.plus(v.times(Complex::turn(j * k, n, sign))))
        };
        return (0..n).map(at).collect();
    }
    if n.is_power_of_two() { halves(values, sign) } else { chirp(values, sign) }
}

/// By halves: the even places and the odd ones (Cooley and Tukey).
fn halves(values: &[Complex], sign: f64) -> Vec<Complex> {
    let n = values.len();
    if n <= 1 {
        return values.to_vec();
    }
    let part = |from: usize| halves(&values.iter().skip(from).step_by(2).copied().collect::<Vec<_>>(), sign);
    let (even, odd) = (part(0), part(1));
    let turned: Vec<Complex> = odd.iter().enumerate().map(|(k, v)| v.times(Complex::turn(k, n, sign))).collect();
    let low = even.iter().zip(&turned).map(|(e, o)| e.plus(*o));
    let high = even.iter().zip(&turned).map(|(e, o)| e.minus(*o));
    low.chain(high).collect()
}

/// Any length, as a convolution whose length is a power of two (Bluestein).
fn chirp(values: &[Complex], sign: f64) -> Vec<Complex> {
    let n = values.len();
    let turn = |k: usize| Complex::turn(k * k, 2 * n, sign);
    let back = |k: usize| Complex::turn(k * k, 2 * n, -sign);
    let size = (2 * n).next_power_of_two();
    let mut left = vec![Complex::default(); size];
    left.iter_mut().zip(values.iter().enumerate()).for_each(|(slot, (k, v))| *slot = v.times(turn(k)));
    let mut right = vec![Complex::default(); size];
    for k in 0..n {
        for place in [k, (size - k) % size] {
            if let Some(slot) = right.get_mut(place) {
                *slot = back(k);
            }
        }
    }
    let product: Vec<Complex> = halves(&left, -1.0).iter().zip(halves(&right, -1.0)).map(|(a, b)| a.times(b)).collect();
    let divided = |v: &Complex| Complex { re: v.re / size as f64, im: v.im / size as f64 };
    halves(&product, 1.0).iter().take(n).enumerate().map(|(k, v)| divided(v).times(turn(k))).collect()
}

fn both(name: &'static str, args: &[BoundExpr], sign: f64) -> Result<BoundExpr, BindError> {
    call(name, args, &[Dynamic], Dynamic, move |args| {
        let real = args.get(0)?.text()?;
        build::texts(args.rows, |row, out| {
            let real: Vec<f64> = read(real.get(row)?)?.values.into_iter().collect::<Option<_>>()?;
            let imaginary: Vec<f64> = match args.args.get(1) {
                Some(arg) => read(arg.text().ok()?.get(row)?)?.values.into_iter().collect::<Option<_>>()?,
                None => vec![0.0; real.len()],
            };
            if imaginary.len() != real.len() || real.len() > LONGEST {
                return None;
            }
            let values: Vec<Complex> = real.into_iter().zip(imaginary).map(|(re, im)| Complex { re, im }).collect();
            let scale = if sign > 0.0 { values.len().max(1) as f64 } else { 1.0 };
            let turned = transform(&values, sign);
            let mut list = ArrayText::new();
            list.raw(&write(turned.iter().map(|v| Some(v.re / scale)), false));
            list.raw(&write(turned.iter().map(|v| Some(v.im / scale)), false));
            out.push_str(&list.finish());
            Some(())
        })
    })
}

const PARTS: &[Param] = &[
    param("x_real", "dynamic", "The real parts."),
    optional("x_imaginary", "dynamic", "The imaginary parts, as many; zeros unless given."),
];

/// `series_fft(real [, imaginary])`: two columns; null when an element is no number or the lengths differ.
pub const FFT: Scalar = Scalar::new(
    info(
        "series_fft",
        "series",
        "The frequencies in a series (discrete Fourier transform): their real and imaginary parts.",
        PARTS,
        "two columns",
        &[example(
            "print y = dynamic([1, 1, 1, 1]) | project series_fft(y) | project series_fft_y_real",
            "[4.0,0.0,0.0,0.0]",
        )],
    ),
    |args, _| both("series_fft", args, -1.0),
)
.columns(&[("real", Dynamic), ("imag", Dynamic)]);

/// `series_ifft(real [, imaginary])`: the reverse of `series_fft`, divided by the length.
pub const IFFT: Scalar = Scalar::new(
    info(
        "series_ifft",
        "series",
        "The series that has these frequencies (inverse discrete Fourier transform).",
        PARTS,
        "two columns",
        &[example("print y = dynamic([4, 0]) | project series_ifft(y) | project series_ifft_y_real", "[2.0,2.0]")],
    ),
    |args, _| both("series_ifft", args, 1.0),
)
.columns(&[("real", Dynamic), ("imag", Dynamic)]);

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &[Complex], b: &[Complex]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a.re - b.re).abs() < 1e-9 && (a.im - b.im).abs() < 1e-9)
    }

    #[test]
    fn there_and_back_at_any_length() {
        for n in [0, 1, 3, 64, 65, 100, 127, 128, 1000] {
            let values: Vec<Complex> =
                (0..n).map(|k| Complex { re: f64::from(k * 7 % 11), im: f64::from(k * 5 % 3) }).collect();
            let there = transform(&values, -1.0);
            let back: Vec<Complex> = transform(&there, 1.0)
                .iter()
                .map(|v| Complex { re: v.re / f64::from(n), im: v.im / f64::from(n) })
                .collect();
            assert!(near(&values, &back), "{n}");
        }
    }

    #[test]
    fn a_pure_tone_has_one_frequency() {
        // A cosine of three turns over 128 points: half its power at 3, half at 125.
        let tone: Vec<Complex> =
            (0..128).map(|k| Complex { re: (TAU * 3.0 * f64::from(k) / 128.0).cos(), im: 0.0 }).collect();
        let found = transform(&tone, -1.0);
        for (k, v) in found.iter().enumerate() {
            let expected = if k == 3 || k == 125 { 64.0 } else { 0.0 };
            assert!((v.re - expected).abs() < 1e-9 && v.im.abs() < 1e-9, "{k}");
        }
    }
}
