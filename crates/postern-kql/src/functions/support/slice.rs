//! Text results that are parts of the input share its buffers instead of copying it.

use std::sync::Arc;

use arrow::array::NullBufferBuilder;
use arrow::array::builder::make_view;
use arrow::array::{Array, ArrayRef, ByteView, StringViewArray};
use arrow::buffer::{Buffer, ScalarBuffer};
use datafusion::common::Result;

use crate::functions::kernel::Arg;
use crate::plan::guard;

/// A finished side buffer is started anew at this size, far below what a view can address.
const BLOCK: usize = 32 << 20;

/// Collects one text for each row: a slice of the source's text at that row, or text of its own.
pub struct Slices<'a> {
    source: &'a StringViewArray,
    scalar: bool,
    views: Vec<u128>,
    nulls: NullBufferBuilder,
    blocks: Vec<Buffer>,
    own: Vec<u8>,
}

impl<'a> Slices<'a> {
    /// Over the text argument whose parts the result is made of; `None` when it is not text.
    pub fn over(arg: &'a Arg, rows: usize) -> Option<Self> {
        let source = arg.array.as_any().downcast_ref::<StringViewArray>()?;
        Some(Self {
            source,
            scalar: arg.scalar,
            views: Vec::with_capacity(rows),
            nulls: NullBufferBuilder::new(rows),
            blocks: Vec::new(),
            own: Vec::new(),
        })
    }

    fn index(&self, row: usize) -> usize {
        if self.scalar { 0 } else { row }
    }

    /// The source text of a row; `None` for null.
    pub fn get(&self, row: usize) -> Option<&'a str> {
        let row = self.index(row);
        (row < self.source.len() && !self.source.is_null(row)).then(|| self.source.value(row))
    }

    /// Adds a part of the source text of `row`; text from elsewhere is copied.
    pub fn part(&mut self, row: usize, part: &str) {
        let length = part.len();
        if length <= 12 {
            self.views.push(make_view(part.as_bytes(), 0, 0));
            self.nulls.append_non_null();
            return;
        }
        let at = self.index(row);
        let whole = self.get(row).unwrap_or("");
        let offset = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        let inside = offset.checked_add(length).is_some_and(|end| end <= whole.len());
        match self.source.views().get(at) {
            Some(view) if inside => {
                let view = ByteView::from(*view);
                self.views.push(make_view(part.as_bytes(), view.buffer_index, view.offset + offset as u32));
                self.nulls.append_non_null();
            }
            _ => self.own(part),
        }
    }

    /// Adds text of its own.
    pub fn own(&mut self, text: &str) {
        if guard::grow(text.len()) || guard::tick(1) {
            // The query is over or out of memory, as `finish` says.
            self.null();
            return;
        }
        if !self.own.is_empty() && self.own.len() + text.len() > BLOCK {
            self.blocks.push(Buffer::from_vec(std::mem::take(&mut self.own)));
        }
        let block = (self.source.data_buffers().len() + self.blocks.len()) as u32;
        let offset = self.own.len() as u32;
        if text.len() > 12 {
            self.own.extend_from_slice(text.as_bytes());
        }
        self.views.push(make_view(text.as_bytes(), block, offset));
        self.nulls.append_non_null();
    }

    /// Adds a null.
    pub fn null(&mut self) {
        self.views.push(0);
        self.nulls.append_null();
    }

    /// The array.
    pub fn finish(mut self) -> Result<ArrayRef> {
        guard::check()?;
        let mut buffers: Vec<Buffer> = self.source.data_buffers().to_vec();
        buffers.append(&mut self.blocks);
        buffers.push(Buffer::from_vec(self.own));
        let nulls = self.nulls.finish();
        Ok(Arc::new(StringViewArray::try_new(ScalarBuffer::from(self.views), buffers, nulls)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_and_own_text_copies() {
        let long = "a text that is longer than twelve bytes";
        let arg = Arg { array: Arc::new(StringViewArray::from(vec![Some(long), None, Some("short")])), scalar: false };
        let mut slices = Slices::over(&arg, 3).unwrap();
        slices.part(0, &long[2..]);
        slices.part(0, slices.get(0).map(|t| &t[7..]).unwrap());
        slices.own("something else altogether");
        slices.null();
        slices.part(2, "short");
        let array = slices.finish().unwrap();
        let array = array.as_any().downcast_ref::<StringViewArray>().unwrap();
        assert_eq!(array.value(0), &long[2..]);
        assert_eq!(array.value(1), &long[7..]);
        assert_eq!(array.value(2), "something else altogether");
        assert!(array.is_null(3));
        assert_eq!(array.value(4), "short");
    }
}
